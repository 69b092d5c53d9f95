"""Whoever must not be mailed is found in bulk, by a hash that says nothing about them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.customers.models import Customer
from crm.privacy import blindindex, suppression
from crm.privacy.models import Suppression

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
Reason = suppression.Reason


def test_listed_answers_in_the_spelling_asked_with_one_query() -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.BOUNCED)
    with CaptureQueriesContext(connection) as queries:
        assert suppression.listed(["ADA@example.com", "bo@example.com"]) == {"ADA@example.com"}
    assert len(queries) == 1
    assert suppression.suppressed("ada@EXAMPLE.com")
    assert suppression.listed([]) == set()


def test_suppressing_twice_keeps_the_first_reason() -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.COMPLAINED)
    suppression.suppress(emails=["ada@example.com"], reason=Reason.UNSUBSCRIBED)
    assert Suppression.objects.get().reason == Reason.COMPLAINED


def test_the_hash_is_not_that_of_the_blind_index() -> None:
    assert suppression.address_mac("ada@example.com") != blindindex.email_index("ada@example.com")


def test_a_customer_is_listed_by_the_sealed_address(ada: Customer, dee: Customer) -> None:
    listed = suppression.suppress_customers(customer_ids=[ada.pk, dee.pk], reason=Reason.BOUNCED, actor="sending")
    assert listed == 1
    assert suppression.suppressed("ada@example.com")


def test_saying_yes_again_lifts_only_an_unsubscription() -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.UNSUBSCRIBED)
    suppression.suppress(emails=["bo@example.com"], reason=Reason.BOUNCED)
    assert suppression.lift(emails=["ada@example.com", "bo@example.com"]) == 1
    assert suppression.listed(["ada@example.com", "bo@example.com"]) == {"bo@example.com"}
