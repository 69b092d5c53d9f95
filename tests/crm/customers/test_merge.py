"""Two ids, one person."""

from datetime import UTC, datetime

import pytest

from crm.customers.merge import merge, merge_known
from crm.customers.models import AnonymousId, Customer, Identity
from crm.ingest.event import Event
from crm.ingest.intake import record

pytestmark = pytest.mark.django_db
FIRST, SECOND = datetime(2024, 3, 5, tzinfo=UTC), datetime(2024, 4, 5, tzinfo=UTC)


def page(number: int, at: datetime, **who: str) -> Event:
    return Event(kind="page", message_id=f"m{number}", source="test", occurred_at=at, **who)


def test_what_the_anonymous_did_becomes_the_known_ones() -> None:
    record([page(1, FIRST, anonymous_id="a"), page(2, SECOND, external_id="c")])
    known = Customer.objects.get(external_id="c")
    anonymous = Customer.objects.get(external_id=None)
    Customer.objects.filter(pk=anonymous.pk).update(language="de", attributes={"plan": "gold"})
    assert merge_known({"a": known.pk, "b": known.pk}) == [(anonymous.pk, known.pk)]
    known.refresh_from_db()
    assert known.interactions.count() == 2
    assert (known.first_seen, known.last_seen) == (FIRST, SECOND)
    assert (known.language, known.attributes) == ("de", {"plan": "gold"})
    assert set(known.anonymous_ids.values_list("value", flat=True)) == {"a", "b"}
    anonymous.refresh_from_db()
    assert (anonymous.state, anonymous.permission, anonymous.attributes) == ("erased", 0, {})
    assert merge_known({"a": known.pk}) == []


@pytest.mark.parametrize("fields", [{"external_id": "d"}, {"state": "restricted"}, {"state": "erased"}])
def test_the_known_the_restricted_and_the_erased_are_not_merged(fields: dict[str, str]) -> None:
    other, known = Customer.objects.create(**fields), Customer.objects.create(external_id="c")
    assert not merge(anonymous=other, known=known)
    assert not merge(anonymous=known, known=known)


def test_somebody_with_a_sealed_identity_is_not_merged() -> None:
    other, known = Customer.objects.create(), Customer.objects.create(external_id="c")
    Identity.objects.create(customer=other)
    assert not merge(anonymous=other, known=known)


def test_an_id_of_a_known_person_stays_theirs() -> None:
    first, second = Customer.objects.create(external_id="c"), Customer.objects.create(external_id="d")
    AnonymousId.objects.create(value="shared tablet", customer=first)
    assert merge_known({"shared tablet": second.pk}) == []
    assert AnonymousId.objects.get().customer == first
