"""The suppression list on a customer's page."""

import pytest
from django.test import Client

from crm.access.models import Act
from crm.access.verbs import Verb
from crm.customers.models import Customer
from crm.privacy import suppression

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
Reason = suppression.Reason


def tab(client: Client, customer: Customer) -> str:
    return client.get(f"/customers/{customer.uuid}/?tab=privacy").content.decode()


def lift(client: Client, customer: Customer, why: str) -> str:
    return client.post(f"/customers/{customer.uuid}/lift/", {"why": why}, follow=True).content.decode()


def test_the_page_says_that_somebody_is_listed_and_what_it_stops(marketer: Client, ada: Customer, bo: Customer) -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.BOUNCED)
    suppression.suppress(emails=["bo@example.com"], reason=Reason.UNSUBSCRIBED)
    assert "gets no mail at all" in tab(marketer, ada) and "Bounced" in tab(marketer, ada)
    assert "gets no marketing mail" in tab(marketer, bo)
    assert "Take off the list" not in tab(marketer, ada)


def test_who_is_not_listed_sees_no_card(admin: Client, ada: Customer) -> None:
    assert "suppression list" not in tab(admin, ada)


def test_an_administrator_takes_somebody_off_and_the_page_shows_who_did(admin: Client, ada: Customer) -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.COMPLAINED)
    assert "Take off the list" in tab(admin, ada)
    said = lift(admin, ada, "asked")
    assert "Off the suppression list" in said and "gets no mail at all" not in said
    assert "block on mailing lifted" in said
    assert not suppression.suppressed("ada@example.com")
    act = Act.objects.get(verb=Verb.LIFTED)
    assert act.user is not None and act.details == {"reason": "complained", "why": "asked"}


def test_only_administrators_lift_and_never_without_a_reason(marketer: Client, admin: Client, ada: Customer) -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.BOUNCED)
    assert marketer.post(f"/customers/{ada.uuid}/lift/", {"why": "asked"}).status_code == 403
    for why in ("", "nonsense"):
        assert "Say why this address may be mailed again." in lift(admin, ada, why)
    assert suppression.suppressed("ada@example.com")


def test_an_address_of_somebody_erased_cannot_be_taken_off_here(admin: Client, ada: Customer) -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.ERASED)
    assert "It stays" in tab(admin, ada) and "Take off the list" not in tab(admin, ada)
    assert "The person was erased" in lift(admin, ada, "asked")
    assert suppression.suppressed("ada@example.com")


def test_the_card_is_in_chinese_too(admin: Client, ada: Customer) -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.BOUNCED)
    admin.cookies["django_language"] = "zh-hans"
    assert "移出名单" in tab(admin, ada)
