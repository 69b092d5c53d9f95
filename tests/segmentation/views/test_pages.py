"""The pages answer, and only editors change anything."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.customers.models import Customer
from crm.privacy.models import Opening
from segmentation.clusters.models import ClusterRun
from segmentation.portraits.models import Portrait
from segmentation.segments import edit
from segmentation.segments.count import Count
from segmentation.segments.models import Segment
from segmentation.segments.run_clusters import run_clusters
from segmentation.views import builder
from tests.conftest import person
from tests.segmentation.people import PROFILED, customers, portray

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
MANY = {"all": [{"field": "orders", "op": "at_least", "value": 3}]}


@pytest.fixture
def buyers() -> Iterator[list[Portrait]]:
    """Ten people with 0 to 9 orders."""
    yield [
        portray(customer, orders=number, revenue=number * 10, last_order_at=timezone.now() - timedelta(days=number))
        for number, customer in enumerate(customers(10, country="DE"))
    ]


@pytest.fixture
def segment(buyers: list[Portrait]) -> Segment:
    """People with three orders or more."""
    return edit.create(name="Many orders", translations={"zh-hans": {"name": "多单客户"}}, rule=MANY)


def posted(*rows: tuple[str, str, list[str]], match: str = "all", **more: str) -> dict[str, object]:
    """Return the builder's fields with one group of rows."""
    data: dict[str, object] = {"node": ["n1", *(f"n{n}" for n in range(2, 2 + len(rows)))], "n1.kind": "group"}
    data |= {"n1.parent": "", "n1.match": match}
    for number, (field, op, values) in enumerate(rows, 2):
        data |= {f"n{number}.kind": "row", f"n{number}.parent": "n1", f"n{number}.field": field}
        data |= {f"n{number}.was": field, f"n{number}.op": op, f"n{number}.value": values}
    return data | more


def test_the_list_shows_size_and_ready_made_segments(marketer: Client, segment: Segment) -> None:
    page = marketer.get(reverse("segmentation:segments")).content.decode()
    assert "Many orders" in page
    assert "Reorder due" in page


def test_the_list_is_readable_in_chinese(marketer: Client, segment: Segment) -> None:
    page = marketer.get(reverse("segmentation:segments"), headers={"accept-language": "zh-hans"}).content.decode()
    assert "多单客户" in page


def test_a_segment_shows_its_rule_members_and_trend(marketer: Client, segment: Segment) -> None:
    page = marketer.get(reverse("segmentation:segment", args=[segment.pk])).content.decode()
    assert "Orders is at least 3" in page
    assert page.count("data-href") == 7
    assert 'data-chart="line"' in page


def test_a_segment_shows_an_analyst_nobodys_initials(marketer: Client, analyst: Client) -> None:
    zelda = person("Zelda")
    Customer.objects.filter(pk=zelda.pk).update(permission=PROFILED)
    portray(zelda, orders=5)
    page = reverse("segmentation:segment", args=[edit.create(name="One", rule=MANY).pk])
    assert b"Z. I." in marketer.get(page).content
    assert b"Z. I." not in analyst.get(page).content
    assert b"@example.com" not in analyst.get(page).content


def test_members_come_page_by_page(marketer: Client, buyers: list[Portrait]) -> None:
    Portrait.objects.bulk_create(
        Portrait(customer=customer, as_of=timezone.now(), orders=5) for customer in customers(60)
    )
    segment = edit.create(name="Many", rule=MANY)
    first = marketer.get(reverse("segmentation:segment", args=[segment.pk]))
    second = marketer.get(first.context["next_url"])
    assert (len(first.context["members"]), len(second.context["members"])) == (50, 17)
    assert not second.context["next_url"]


def test_a_segment_is_built_from_the_form(marketer: Client, buyers: list[Portrait]) -> None:
    rows = [("orders", "between", ["2", "5"]), ("country", "one_of", ["DE, FR"]), ("revenue", "at_most", ["40"])]
    answer = marketer.post(reverse("segmentation:segment_new"), posted(*rows, name="Some", act="save"))
    segment = Segment.objects.get()
    assert answer.status_code == 302
    assert segment.rule["all"][0] == {"field": "orders", "op": "between", "value": [2, 5]}
    assert (segment.size, segment.created_by.username) == (3, "marketer")  # type: ignore[union-attr]


def test_a_share_is_typed_as_percent(marketer: Client, buyers: list[Portrait]) -> None:
    marketer.post(
        reverse("segmentation:segment_new"),
        posted(("weekend_share", "at_least", ["50"]), name="Weekend", act="save"),
    )
    segment = Segment.objects.get()
    assert segment.rule["all"][0]["value"] == 0.5
    page = marketer.get(reverse("segmentation:segment_edit", args=[segment.pk])).content.decode()
    assert 'value="50"' in page


def test_a_row_without_a_value_is_not_saved_and_says_so(marketer: Client, buyers: list[Portrait]) -> None:
    answer = marketer.post(
        reverse("segmentation:segment_new"), posted(("orders", "at_least", [""]), name="Some", act="save")
    )
    assert answer.status_code == 422
    assert "Enter a whole number." in answer.content.decode()
    assert not Segment.objects.exists()


def test_a_segment_needs_a_name(marketer: Client, buyers: list[Portrait]) -> None:
    answer = marketer.post(reverse("segmentation:segment_new"), posted(("orders", "known", []), act="save"))
    assert (answer.status_code, Segment.objects.count()) == (422, 0)


def test_the_count_lives_with_the_form(marketer: Client, buyers: list[Portrait]) -> None:
    data = posted(("orders", "at_least", ["8"]), ("revenue", "at_least", [""]))
    answer = marketer.post(reverse("segmentation:segment_preview"), data, headers={"hx-request": "true"})
    assert answer.context["count"].total == 2
    assert answer.context["unfinished"]
    assert "<html" not in answer.content.decode()


@pytest.mark.parametrize("url", ["segment_preview", "segment_new"])
def test_buttons_add_nest_and_remove_with_or_without_javascript(
    marketer: Client, buyers: list[Portrait], url: str
) -> None:
    data = posted(("orders", "at_least", ["8"]), act="add_group:n1", name="Kept while building")
    grown = marketer.post(reverse(f"segmentation:{url}"), data)
    tree = grown.context["tree"]
    assert [child.id for child in tree.children] == ["n2", "n3"]
    assert [child.id for child in tree.children[1].children] == ["n4"]
    shrunk = marketer.post(reverse(f"segmentation:{url}"), data | {"act": "remove:n2"})
    assert shrunk.context["tree"].children == []
    assert not Segment.objects.exists()


def test_groups_nest_three_deep_and_no_deeper(marketer: Client, buyers: list[Portrait]) -> None:
    stored = {"all": [{"any": [{"not": {"all": [{"field": "orders", "op": "known"}]}}]}]}
    segment = edit.create(name="Deep", rule=stored)
    answer = marketer.get(reverse("segmentation:segment_edit", args=[segment.pk]))
    tree = answer.context["tree"]
    assert tree.to_json() == stored
    assert "add_group:n3" not in answer.content.decode()


def test_a_changed_field_forgets_a_value_typed_for_another(marketer: Client, buyers: list[Portrait]) -> None:
    data = posted(("country", "is", ["DE"])) | {"n2.field": "orders"}
    row = marketer.post(reverse("segmentation:segment_preview"), data).context["tree"].children[0]
    assert (row.field.key, row.op, row.values) == ("orders", "at_least", [])


def test_analysts_read_and_change_nothing(analyst: Client, segment: Segment) -> None:
    for name, arguments in (("segments", []), ("segment", [segment.pk]), ("clusters", [])):
        assert analyst.get(reverse(f"segmentation:{name}", args=arguments)).status_code == 200
    for name, arguments in (
        ("segment_new", []), ("segment_preview", []), ("segment_edit", [segment.pk]), ("segment_archive", [segment.pk]),
        ("segment_restore", [segment.pk]), ("segment_rename", [segment.pk]), ("clusters", []),
        ("segment_start", ["new"]), ("segment_export", [segment.pk, "csv"]),
    ):  # fmt: skip
        assert analyst.post(reverse(f"segmentation:{name}", args=arguments)).status_code == 403, name


def test_a_ready_made_segment_is_made_and_archived_and_used_again(marketer: Client, buyers: list[Portrait]) -> None:
    marketer.post(reverse("segmentation:segment_start", args=["big_spenders"]))
    segment = Segment.objects.get()
    marketer.post(reverse("segmentation:segment_archive", args=[segment.pk]))
    segment.refresh_from_db()
    assert segment.archived_at
    marketer.post(reverse("segmentation:segment_restore", args=[segment.pk]))
    segment.refresh_from_db()
    assert not segment.archived_at


def test_the_export_streams_pseudonyms_and_no_identity(analyst: Client, segment: Segment) -> None:
    answer = analyst.get(reverse("segmentation:segment_export", args=[segment.pk, "csv"]))
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "customer,external_id,language,country,region,age_band,gender,since"
    assert len(lines) == 8
    assert not Opening.objects.exists()


def test_the_export_with_contact_data_is_logged(marketer: Client, ada: Customer) -> None:
    portray(ada, orders=5)
    segment = edit.create(name="Many", rule=MANY)
    answer = marketer.post(reverse("segmentation:segment_export", args=[segment.pk, "ndjson"]))
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "ada@example.com" in text
    assert Opening.objects.filter(reason=f"export of segment {segment.pk}").count() == 2


def test_only_those_who_may_reveal_see_masks_of_members(marketer: Client, analyst: Client, ada: Customer) -> None:
    portray(ada, orders=5)
    where = reverse("segmentation:segment", args=[edit.create(name="Many", rule=MANY).pk])
    assert "a••@example.com" in marketer.get(where).content.decode()
    page = analyst.get(where).content.decode()
    assert "••" not in page
    assert str(ada.uuid) in page


def test_a_cluster_run_can_be_asked_for_watched_and_cancelled(marketer: Client, buyers: list[Portrait]) -> None:
    answer = marketer.post(reverse("segmentation:clusters"), {"k": "4", "features": ["orders", "revenue"]})
    run = ClusterRun.objects.get()
    assert (run.state, run.k_asked, run.features) == ("due", 4, ["orders", "revenue"])
    assert answer["Location"] == reverse("segmentation:cluster_run", args=[run.pk])
    watched = marketer.get(answer["Location"], headers={"hx-request": "true"}).content.decode()
    assert 'hx-trigger="every 2s"' in watched
    marketer.post(reverse("segmentation:cluster_cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_a_run_without_features_is_refused(marketer: Client, db: None) -> None:
    assert marketer.post(reverse("segmentation:clusters"), {"k": "0"}).status_code == 422


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_finished_run_shows_names_features_and_quality(marketer: Client, db: None, language: str) -> None:
    made = customers(90)
    Portrait.objects.bulk_create(
        Portrait(customer=c, as_of=timezone.now(), orders=1 + 9 * (n % 3) + n % 2, revenue=10 + 200 * (n % 3))
        for n, c in enumerate(made)
    )
    run = run_clusters(run=ClusterRun.objects.create(features=["orders", "revenue"], k_asked=3))
    answer = marketer.get(reverse("segmentation:cluster_run", args=[run.pk]), headers={"accept-language": language})
    page = answer.content.decode()
    for cluster in run.clusters.all():
        assert cluster.name_in(language) in page
    assert 'data-chart="scatter"' in page
    assert len(answer.context["cards"][0]["features"]) == 2
    newest = marketer.get(reverse("segmentation:clusters"))
    assert newest.context["run"] == run


def test_a_builder_shows_what_the_last_refresh_counted_and_counts_only_what_is_changed(
    marketer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = edit.create(name="Many", rule=MANY)
    type(segment).objects.filter(pk=segment.pk).update(size=41, reachable=7)
    counted: list[Any] = []

    def noted(rule: Any) -> Count:
        counted.append(rule)
        return Count(1, 1)

    monkeypatch.setattr(builder, "count_rule", noted)
    assert "41 customers" in marketer.get(reverse("segmentation:segment_edit", args=[segment.pk])).content.decode()
    assert counted == []
    marketer.get(reverse("segmentation:segment_new"))
    assert len(counted) == 1
