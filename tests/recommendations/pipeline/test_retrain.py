"""The whole night on a small shop: facts in by the front door, a release, a model, the gate, lists."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client

from crm.catalog import exclude
from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.interactions.models import Interaction
from crm.privacy import gate
from crm.privacy.models import Release
from lib.artifacts import BadArtifact, OtherFormat
from lib.runs import Cancelled, run_due
from recommendations.evaluation.fairness import Drop, Harm
from recommendations.evaluation.membership import MembershipAttack
from recommendations.models import Favourites, ModelVersion, Neighbours, Recommendation
from recommendations.pipeline import due, fitted, judging, retrain
from recommendations.pipeline.judging import Evidence
from recommendations.ranking.policy import K_SUPPORT
from recommendations.registry import promote
from recommendations.serving import desk
from recommendations.serving.recommend import held_back, recommend, sentence
from tests.conftest import person
from tests.recommendations.pipeline import shop
from tests.recommendations.pipeline.shop import COLD, CUSTOMERS, Trained, signed_again
from workspace.demo.catalog import DEPARTMENTS
from workspace.demo.people import draw

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
NEEDED = int(Purpose.RECOMMENDATION | Purpose.MODEL_TRAINING)
LENGTH = 20


@pytest.fixture(scope="module")
def opened(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Trained]:
    """The shop of the whole module; a test that changes it is rolled back."""
    with django_db_blocker.unblock():
        yield from shop.open_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def trained(opened: Trained, own_folders: None, settings: Any) -> Trained:
    """The shop, with its folders in the settings."""
    for name, folder in shop.folders(opened.folder).items():
        setattr(settings, name, folder)
    return opened


def lists() -> dict[int, list[int]]:
    return dict(Recommendation.objects.values_list("pk", "product_ids"))


def again(release: Release, version: ModelVersion | None = None) -> ModelVersion:
    """Train another version, or finish one that is signed, and return it as the database has it."""
    version = retrain.retrain(release=release, version=version or ModelVersion.objects.create())
    version.refresh_from_db()
    return version


def taken_up(trained: Trained, **evidence: Any) -> ModelVersion:
    """A newer version that learned the same, judged anew and, where it passes, served."""
    return again(trained.release, signed_again(trained, **evidence))


def permute_products() -> None:
    """Give every act the product of another act: each keeps its popularity, nobody keeps a taste."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        cursor.execute(
            """
            WITH one AS (SELECT id, row_number() OVER (ORDER BY id) AS place FROM crm_interaction),
            other AS (SELECT product_id, row_number() OVER (ORDER BY random()) AS place FROM crm_interaction)
            UPDATE crm_interaction SET product_id = other.product_id FROM one JOIN other USING (place)
            WHERE crm_interaction.id = one.id
            """
        )


def test_the_version_beats_popularity_and_serves(trained: Trained) -> None:
    version = trained.version
    assert (version.state, version.verdict, version.release_ref) == ("done", "live", trained.release_id)
    assert version.reason.startswith("better_than_popularity: NDCG@10 ")
    learners = version.metrics["learners"]
    assert learners["hybrid"]["low"] > learners["popular"]["ndcg10"]
    assert version.people == trained.release.people_kept
    assert version.products == shop.PRODUCTS
    assert len(version.manifest_sha256) == 64
    assert promote.live() == version


def test_everybody_who_agreed_has_a_full_list_with_reasons_and_nobody_else_has_one(trained: Trained) -> None:
    agreed = set(Customer.objects.active().permitting(NEEDED).values_list("pk", flat=True))
    assert set(lists()) == agreed
    assert 0 < len(agreed) < CUSTOMERS
    names = {product.pk: product.name for product in Product.objects.all()}
    for row in Recommendation.objects.all():
        assert len(row.product_ids) == len(set(row.product_ids)) == len(row.scores) == len(row.reasons) == LENGTH
        assert row.scores == sorted(row.scores, reverse=True)
        assert all(np.isfinite(row.scores))
        assert set(row.product_ids) <= set(names)
        assert all(sentence(reason, names, "en") and sentence(reason, names, "zh-hans") for reason in row.reasons)


def test_neighbours_and_trends_are_published_with_the_lists(trained: Trained) -> None:
    found = Neighbours.objects.all()
    assert {row.kind for row in found} == {"similar", "together"}
    assert {row.version_id for row in found} == {trained.version_id}
    for row in found:
        assert 0 < len(row.product_ids) == len(row.scores) == len(row.support) <= 50
        assert min(row.support) >= K_SUPPORT
        assert row.scores == sorted(row.scores, reverse=True)
    scopes = set(Favourites.objects.values_list("scope", flat=True))
    departments = set(Product.objects.values_list("department", flat=True))
    assert {f"department:{name}" for name in departments if name} <= scopes


def test_nobody_is_named_in_what_was_stored(trained: Trained) -> None:
    named = {"because_you_bought", "bought_together"}
    for row in Recommendation.objects.filter(personal=True)[:50]:
        bought = set(Interaction.objects.filter(customer=row.pk).values_list("product_id", flat=True))
        for reason in row.reasons:
            assert set(reason) <= {"code", "product", "shares"}
            assert ("product" in reason) == (reason["code"] in named)
            assert reason.get("product") in bought | {None}


def test_a_version_that_serves_answers_questions_too(trained: Trained) -> None:
    row = Recommendation.objects.filter(personal=True).order_by("pk")[0]
    product = Product.objects.recommendable().order_by("pk")[0]
    listing = desk.ask(row.customer, product.name, (), 10)
    words = set(product.name.lower().split())
    assert listing.version_id == trained.version_id
    assert listing.product_ids
    assert words & set(Product.objects.get(pk=listing.product_ids[0]).name.lower().split())


def test_nothing_excluded_or_out_of_stock_is_in_any_list(trained: Trained) -> None:
    gone = set(Product.objects.filter(stock=0).values_list("pk", flat=True))
    assert gone
    assert not gone & {product for products in lists().values() for product in products}
    assert not gone & {product for row in Favourites.objects.all() for product in row.product_ids}


def test_the_planted_taste_is_found_among_products_new_to_the_customer(trained: Trained) -> None:
    people = draw(0, CUSTOMERS)
    place = {department.name: at for at, department in enumerate(DEPARTMENTS)}
    home = {product.pk: place[product.department] for product in Product.objects.all()}
    favourites = Favourites.objects.get(scope="all").product_ids
    ours, theirs = Counter[bool](), Counter[bool]()
    for row in Recommendation.objects.filter(personal=True).select_related("customer"):
        number = int((row.customer.external_id or "").removeprefix("demo-"))
        best = set(np.argsort(-people.taste[number])[:2].tolist())
        had = set(Interaction.objects.filter(customer=row.pk).values_list("product_id", flat=True))
        ours.update(home[product] in best for product in row.product_ids if product not in had)
        theirs.update(home[product] in best for product in favourites if product not in had)
    hit, chance = ours[True] / ours.total(), theirs[True] / theirs.total()
    assert ours.total() > 1000
    assert hit > 2 * chance
    assert hit > 0.5


def test_people_without_a_history_get_the_favourites_of_their_segment_or_a_newcomers_list(trained: Trained) -> None:
    inside, outside = (Customer.objects.get(external_id=name) for name in COLD)
    found = recommend([inside.pk, outside.pk], 10)
    favourites = Favourites.objects.get(scope=f"segment:{trained.segment_id}").product_ids
    assert found[inside.pk].product_ids == favourites[:10]
    assert {reason["code"] for reason in found[inside.pk].reasons} == {"popular_in_group"}
    assert len(found[outside.pk].product_ids) == 10
    assert {found[inside.pk].personal, found[outside.pk].personal} == {False}


def test_who_never_agreed_gets_everybodys_favourites(trained: Trained) -> None:
    stranger = person("Stranger")
    found = recommend([stranger.pk], 5)[stranger.pk]
    assert found.product_ids == Favourites.objects.get(scope="all").product_ids[:5]
    assert not found.personal


def test_excluding_a_product_after_the_list_was_made_takes_it_off_at_once(trained: Trained) -> None:
    row = Recommendation.objects.filter(personal=True).order_by("pk")[0]
    first, second = row.product_ids[:2]
    exclude.exclude(product=Product.objects.get(pk=first), excluded=True)
    Product.objects.filter(pk=second).update(stock=0)
    assert recommend([row.pk], LENGTH)[row.pk].product_ids == row.product_ids[2:]
    assert held_back(row.customer) == [first, second]
    exclude.exclude(product=Product.objects.get(pk=first), excluded=False)
    assert recommend([row.pk], 1)[row.pk].product_ids == [first]


def test_a_list_of_which_nothing_may_be_shown_gives_way_to_favourites(trained: Trained) -> None:
    row = Recommendation.objects.filter(personal=True).order_by("pk")[0]
    Product.objects.filter(pk__in=row.product_ids).update(recommendable=False)
    found = recommend([row.pk], LENGTH)[row.pk]
    assert found.product_ids
    assert not set(found.product_ids) & set(row.product_ids)
    assert not found.personal


@pytest.mark.parametrize("how", ["withdraw", "object", "restricted", "erased"])
def test_withdrawing_takes_the_list_away_at_once(trained: Trained, how: str) -> None:
    row = Recommendation.objects.filter(personal=True, customer__memberships__isnull=True).order_by("pk")[0]
    match how:
        case "withdraw":
            decide.withdraw(customer=row.customer, purposes=Purpose.RECOMMENDATION, source="test")
        case "object":
            decide.object_to_marketing(customer=row.customer, source="test")
        case state:
            Customer.objects.filter(pk=row.pk).update(state=state)
    found = recommend([row.pk], LENGTH)[row.pk]
    assert not found.personal
    assert found.product_ids == Favourites.objects.get(scope="all").product_ids[:LENGTH]
    row.customer.refresh_from_db()
    assert held_back(row.customer) == []


def test_who_withdraws_after_the_release_is_neither_learned_from_nor_listed(trained: Trained) -> None:
    row = Recommendation.objects.filter(personal=True).order_by("pk")[0]
    decide.withdraw(customer=row.customer, purposes=Purpose.MODEL_TRAINING, source="test")
    version = again(trained.release)
    assert version.verdict == "live", version.reason
    assert version.people == trained.release.people_kept - 1
    assert row.pk not in lists()


def test_many_customers_cost_as_many_queries_as_one(trained: Trained, django_assert_max_num_queries: Any) -> None:
    everybody = list(Customer.objects.values_list("pk", flat=True))
    with django_assert_max_num_queries(6):
        found = recommend(everybody, 5)
    assert list(found) and set(found) == set(everybody)
    assert all(len(listing.product_ids) == 5 for listing in found.values())


def test_a_model_of_shuffled_purchases_is_rejected_and_what_serves_stays(trained: Trained) -> None:
    before = lists()
    permute_products()
    version = again(gate.build(purpose=Purpose.RECOMMENDATION))
    assert (version.state, version.verdict) == ("done", "rejected")
    assert version.reason.startswith("not_better_than_popularity")
    assert (promote.live(), lists()) == (trained.version, before)
    with pytest.raises(promote.NotPassed):
        retrain.roll_back(version=version)
    with pytest.raises(promote.NotPassed):
        promote.promote(version=version)


def test_rolling_back_serves_the_old_lists_again(trained: Trained) -> None:
    before, old = lists(), trained.version
    loyal = Recommendation.objects.filter(personal=True).order_by("pk")[0].customer
    Interaction.objects.filter(customer=loyal).delete()
    newer = again(gate.build(purpose=Purpose.RECOMMENDATION))
    old.refresh_from_db()
    assert (newer.verdict, old.verdict) == ("live", "retired")
    assert lists()[loyal.pk] != before[loyal.pk]
    retrain.roll_back(version=old)
    newer.refresh_from_db()
    assert (promote.live(), newer.verdict) == (old, "retired")
    assert lists() == before
    assert set(Favourites.objects.values_list("version", flat=True)) == {old.pk}


def alter(file: Path) -> None:
    """Change one byte in the middle of a file."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))


def test_an_artefact_altered_by_one_byte_refuses_to_load_and_the_page_says_so(
    trained: Trained, marketer: Client
) -> None:
    before, newer = lists(), taken_up(trained)
    old = trained.version
    for file in sorted(retrain.folder_of(old).iterdir()):
        whole = file.read_bytes()
        alter(file)
        with pytest.raises(BadArtifact):
            retrain.load(old)
        file.write_bytes(whole)
    alter(victim := retrain.folder_of(old) / "items.parquet")
    try:
        answer = marketer.post(f"/recommendations/models/{old.pk}/serve/", follow=True)
    finally:
        alter(victim)
    assert "altered since they were signed" in answer.content.decode()
    assert (promote.live(), lists()) == (newer, before)
    assert marketer.post(f"/recommendations/models/{old.pk}/serve/", follow=True).status_code == 200
    assert promote.live() == old


def test_a_model_of_an_older_format_is_refused_in_words(trained: Trained, marketer: Client, monkeypatch: Any) -> None:
    newer, old = taken_up(trained), trained.version
    monkeypatch.setattr(fitted, "FORMAT", fitted.FORMAT + 1)
    with pytest.raises(OtherFormat, match=f"format {fitted.FORMAT - 1}, not {fitted.FORMAT}"):
        retrain.load(old)
    answer = marketer.post(f"/recommendations/models/{old.pk}/serve/", follow=True)
    assert "another release of Relata" in answer.content.decode()
    assert promote.live() == newer


def test_what_a_version_was_judged_by_is_signed_with_it(trained: Trained) -> None:
    metrics = trained.version.metrics
    assert retrain.load(trained.version).facts["evidence"] == metrics["evidence"]
    found = Evidence.from_values(metrics["evidence"])
    assert found.as_values() == metrics["evidence"]
    assert found.membership is not None and found.membership.within()
    segment = found.fairness.of("segment")
    assert segment is not None and {group.label for group in segment.groups} <= {str(trained.segment_id)}
    assert set(metrics["decision"]["checks"].values()) <= {True, None}
    assert metrics["decision"]["against"] == "popular"


def test_the_next_version_is_compared_with_the_live_one_group_by_group(trained: Trained) -> None:
    version = taken_up(trained)
    assert version.metrics["decision"]["against"] == "live"
    assert version.metrics["decision"]["groups"] > 0


def test_a_version_whose_lists_tell_their_people_is_rejected_and_says_so(trained: Trained, marketer: Client) -> None:
    before, told = lists(), MembershipAttack(100, "own", 0.9, 0.85, 0.95, 0.4, {"own": 0.9})
    version = taken_up(trained, membership=told.as_values())
    assert (version.verdict, lists()) == ("rejected", before)
    assert version.reason.startswith("tells_who_was_learned_from: ")
    page = marketer.get(f"/recommendations/models/{version.pk}/").content.decode()
    assert "may tell whose history it learned from" in page
    assert "AUC of 0.900 (0.850 to 0.950)" in page


def test_a_version_that_harms_a_group_is_rejected_and_names_it(
    trained: Trained, marketer: Client, monkeypatch: Any
) -> None:
    lost = Harm([Drop("gender", "female", 60, 0.1, 0.05, 0.15)])
    monkeypatch.setattr(judging.fairness, "harm", lambda candidate, live: lost)
    version = taken_up(trained)
    assert version.reason.startswith("harms_a_group: ")
    assert "gender female loses 0.1000 (0.0500 to 0.1500) against the version in use" in version.reason
    page = marketer.get(f"/recommendations/models/{version.pk}/").content.decode()
    assert "Gender, Women: 0.1000 less (0.0500 to 0.1500) than the version in use" in page
    assert promote.live() == trained.version


def test_a_version_whose_release_has_expired_cannot_come_back_and_the_page_says_so(
    trained: Trained, marketer: Client
) -> None:
    newer, old = taken_up(trained), trained.version
    Release.objects.filter(pk=trained.release_id).update(wrapped_key=None)
    answer = marketer.post(f"/recommendations/models/{old.pk}/serve/", follow=True)
    assert "has expired" in answer.content.decode()
    assert promote.live() == newer


@pytest.mark.parametrize("at", ["fitting", "writing lists"])
def test_cancelling_leaves_what_serves_untouched(trained: Trained, at: str) -> None:
    before = lists(), list(Favourites.objects.values_list("scope", "product_ids", "version"))
    version = ModelVersion.objects.create() if at == "fitting" else signed_again(trained)

    def stop(done: int, total: int, doing: str) -> None:
        if doing.startswith(at):
            ModelVersion.objects.get(pk=version.pk).cancel()

    with pytest.raises(Cancelled):
        retrain.retrain(release=trained.release, version=version, progress=stop)
    version.refresh_from_db()
    assert version.state == "cancelled"
    assert promote.live() == trained.version
    assert (lists(), list(Favourites.objects.values_list("scope", "product_ids", "version"))) == before


def test_a_release_that_was_altered_is_not_learned_from(trained: Trained) -> None:
    release = gate.build(purpose=Purpose.RECOMMENDATION)
    alter(Path(trained.folder) / "releases" / release.path / "people.parquet")
    version = ModelVersion.objects.create()
    with pytest.raises(gate.AlteredRelease):
        retrain.retrain(release=release, version=version)
    version.refresh_from_db()
    assert version.state == "failed"
    assert "AlteredRelease" in version.error
    assert promote.live() == trained.version


def test_a_training_asked_for_is_done_once_from_a_release_of_its_own(trained: Trained) -> None:
    version = ModelVersion.objects.create()
    releases = Release.objects.count()
    assert run_due(ModelVersion, due.work) == 1
    assert run_due(ModelVersion, due.work) == 0
    version.refresh_from_db()
    assert version.verdict == "live", version.reason
    assert Release.objects.count() == releases + 1
    assert version.release_ref != trained.release_id
