"""Lists are put in place at one moment, and only for people who still agree."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from recommendations.models import Favourites, Recommendation
from recommendations.serving import publish
from recommendations.serving.publish import StoredList
from segmentation.models import Membership, Segment
from tests.conftest import person
from tests.recommendations import shelves

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.fixture
def agreed() -> Callable[[str], Customer]:
    """Somebody who allows personal recommendations, by name."""

    def made(name: str) -> Customer:
        customer = person(name)
        decide.grant(customer=customer, purposes=Purpose.RECOMMENDATION, source="test")
        return customer

    return made


def made(*customers: Customer) -> Iterator[StoredList]:
    return (
        StoredList(one.pk, [3, 1, 2], [0.3, 0.2, 0.1], [{"code": "popular"}] * 3, personal=True) for one in customers
    )


def test_a_draft_is_read_by_nobody_until_it_is_published(agreed: Callable[[str], Customer]) -> None:
    ann, version = agreed("Ann"), shelves.version()
    assert publish.draft(made(ann)) == 1
    assert not Recommendation.objects.exists()
    assert publish.publish(version=version) == 1
    row = Recommendation.objects.get()
    assert (row.customer, row.version, row.personal) == (ann, version, True)
    assert (row.product_ids, row.scores, row.reasons[0]) == ([3, 1, 2], [0.3, 0.2, 0.1], {"code": "popular"})
    publish.discard()
    with pytest.raises(ProgrammingError), transaction.atomic():
        publish.publish(version=version)


def test_publishing_replaces_lists_and_takes_those_of_the_others_away(agreed: Callable[[str], Customer]) -> None:
    ann, ben = agreed("Ann"), agreed("Ben")
    old, new = shelves.version("retired"), shelves.version()
    shown = shelves.products(2)
    shelves.shelf(ann, shown, old)
    shelves.shelf(ben, shown, old)
    publish.draft(made(ann))
    assert publish.publish(version=new) == 1
    assert list(Recommendation.objects.values_list("customer", "version")) == [(ann.pk, new.pk)]


def test_who_withdraws_while_lists_are_made_gets_none_and_loses_the_old_one(
    agreed: Callable[[str], Customer],
) -> None:
    ann, ben, eve = agreed("Ann"), agreed("Ben"), agreed("Eve")
    shelves.shelf(ben, shelves.products(2), shelves.version("retired"))
    publish.draft(made(ann, ben, eve))
    decide.withdraw(customer=ben, purposes=Purpose.RECOMMENDATION, source="test")
    Customer.objects.filter(pk=eve.pk).update(state="restricted")
    assert publish.publish(version=shelves.version()) == 1
    assert list(Recommendation.objects.values_list("customer", flat=True)) == [ann.pk]


def test_lists_are_drafted_in_chunks_and_may_ask_the_database_in_between(
    agreed: Callable[[str], Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "CHUNK", 2)
    people = [agreed(f"P{number}") for number in range(5)]

    def asking() -> Iterator[StoredList]:
        for shelf in made(*people):
            assert Customer.objects.filter(pk=shelf.customer_id).exists()
            yield shelf

    assert publish.draft(asking()) == 5
    assert publish.publish(version=shelves.version()) == 5


def test_favourites_are_replaced_as_a_whole() -> None:
    old, new = shelves.version("retired"), shelves.version()
    publish.store_favourites(version=old, favourites={"all": [1], "segment:4": [2]})
    publish.store_favourites(version=new, favourites={"all": [5, 6]})
    assert list(Favourites.objects.values_list("scope", "product_ids", "version")) == [("all", [5, 6], new.pk)]


def test_members_are_positions_and_only_of_segments_in_use(agreed: Callable[[str], Customer]) -> None:
    ann, ben, eve = agreed("Ann"), agreed("Ben"), agreed("Eve")
    now = timezone.now()
    used, over = Segment.objects.create(name="Used"), Segment.objects.create(name="Over", archived_at=now)
    for segment in (used, over):
        Membership.objects.create(segment=segment, customer=ann, since=now)
        Membership.objects.create(segment=segment, customer=ben, since=now, until=now)
        Membership.objects.create(segment=segment, customer=eve, since=now)
    assert list(publish.members_by_segment(np.array([-1, ben.pk, ann.pk]))) == [(used.pk, [2])]


def test_a_draft_never_touches_a_real_table_of_its_name(agreed: Callable[[str], Customer]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE public.draft_lists (kept int)")
        publish.draft(made(agreed("Ann")))
        publish.discard()
        cursor.execute("SELECT count(*) FROM public.draft_lists")
        assert cursor.fetchone() == (0,)
