"""Looking shows masks, opening needs a reason and has a bound, and both are written down."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import User
from crm.customers.models import Customer
from crm.privacy import reveal, vault
from crm.privacy.models import Opening
from crm.privacy.vault import Sealing

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def test_a_mask_shows_initials_and_a_domain_and_says_who_looked(
    ada: Customer, dee: Customer, cy: Customer, user: Callable[[str], User]
) -> None:
    viewer = user("marketer")
    before = Opening.objects.count()
    masks = reveal.masked([ada.pk, dee.pk, cy.pk], viewer=viewer)
    assert masks == {ada.pk: {"name": "A. I.", "email": "a••@example.com"}}
    assert Opening.objects.count() == before + 2
    assert Opening.objects.first().reason == f"masked list for user:{viewer.pk}"


def test_an_analyst_is_shown_no_mask_and_nothing_is_opened_for_one(ada: Customer, user: Callable[[str], User]) -> None:
    assert reveal.masked([ada.pk], viewer=user("analyst")) == {}
    assert not Opening.objects.exists()


def test_revealing_gives_everything_and_says_who_looked(ada: Customer) -> None:
    assert reveal.reveal(customer=ada, actor="user:1", reason="she called") == {
        "first_name": "Ada",
        "last_name": "Invented",
        "email": "ada@example.com",
    }
    assert set(Opening.objects.values_list("customer", "seal", "actor", "reason")) == {
        (ada.pk, "contact", "user:1", "she called"),
        (ada.pk, "identity", "user:1", "she called"),
    }


def test_revealing_needs_a_reason(ada: Customer) -> None:
    with pytest.raises(ValueError, match="reason"):
        reveal.reveal(customer=ada, actor="user:1", reason=" ")


def test_nobody_opens_more_people_than_the_bound_within_an_hour(ada: Customer) -> None:
    people = [Customer.objects.create() for _ in range(reveal.PER_HOUR)]
    vault.seal_many([Sealing(p.pk, p.uuid, identity={"first_name": "X"}) for p in people])
    for person in people:
        reveal.reveal(customer=person, actor="user:1", reason="test")
    with pytest.raises(reveal.TooManyOpenings):
        reveal.reveal(customer=ada, actor="user:1", reason="test")
    assert reveal.reveal(customer=people[0], actor="user:1", reason="the same person again")
    assert reveal.reveal(customer=ada, actor="user:2", reason="somebody else")


def test_openings_of_the_hour_before_do_not_count(ada: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reveal, "PER_HOUR", 1)
    other = Customer.objects.create()
    row = Opening.objects.create(customer=other, seal="contact", actor="user:1", reason="test")
    with pytest.raises(reveal.TooManyOpenings):
        reveal.reveal(customer=ada, actor="user:1", reason="test")
    later = timezone.now() + timedelta(minutes=61)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert row.opened_at < later - reveal.AN_HOUR
    assert reveal.reveal(customer=ada, actor="user:1", reason="test")


def test_finding_by_address_opens_nothing(ada: Customer) -> None:
    assert reveal.find_by_email(" ADA@example.com") == ada.pk
    assert reveal.find_by_email("nobody@example.com") is None
    assert reveal.find_by_email("not an address") is None
    assert not Opening.objects.exists()


def test_an_export_is_written_down(ada: Customer, dee: Customer) -> None:
    rows = dict(reveal.export_contacts([ada.pk, dee.pk], actor="api:abc", reason="export"))
    assert rows == {ada.pk: {"first_name": "Ada", "last_name": "Invented", "email": "ada@example.com"}}
    assert set(Opening.objects.values_list("actor", flat=True)) == {"api:abc"}


def test_a_first_name_is_all_a_preview_gets(ada: Customer, dee: Customer) -> None:
    assert reveal.first_name(customer=ada, actor="user:1", reason="preview") == "Ada"
    assert reveal.first_name(customer=dee, actor="user:1", reason="preview") == ""
