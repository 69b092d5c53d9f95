"""Whoever must not be mailed is found in bulk, by a hash that says nothing about them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.access import acts
from crm.access.models import Act
from crm.access.verbs import Verb
from crm.customers.models import Customer, Identity
from crm.privacy import blindindex, suppression
from crm.privacy.models import Opening, Suppression
from crm.privacy.suppression import LiftReason

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


def test_lifting_is_one_act_that_says_what_it_was_listed_for_and_why() -> None:
    suppression.suppress(emails=["ada@example.com", "bo@example.com"], reason=Reason.UNSUBSCRIBED)
    assert suppression.lift(email=" ADA@example.com", why=LiftReason.ASKED, by="command") == Reason.UNSUBSCRIBED
    assert suppression.listed(["ada@example.com", "bo@example.com"]) == {"bo@example.com"}
    act = Act.objects.get(verb=Verb.LIFTED)
    assert (act.kind, act.program) == ("suppression", "command")
    assert act.details == {"reason": "unsubscribed", "why": "asked"}


def test_lifting_what_is_not_listed_is_refused_and_records_nothing() -> None:
    with pytest.raises(suppression.NotListed):
        suppression.lift(email="ada@example.com", why=LiftReason.MISTAKE, by=None)
    assert not Act.objects.filter(verb=Verb.LIFTED).exists()


def test_who_was_erased_stays_listed_unless_it_is_meant() -> None:
    suppression.suppress(emails=["cy@example.com"], reason=Reason.ERASED)
    with pytest.raises(suppression.ErasedStays):
        suppression.lift(email="cy@example.com", why=LiftReason.ASKED, by=None)
    assert suppression.suppressed("cy@example.com")
    suppression.lift(email="cy@example.com", why=LiftReason.ASKED, by=None, erased=True)
    assert not suppression.suppressed("cy@example.com")


def test_a_customer_is_lifted_by_the_sealed_address_and_its_mark_goes_with_it(ada: Customer, dee: Customer) -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.BOUNCED)
    assert Identity.objects.get(customer=ada).suppressed == "bounced"
    suppression.lift_customer(customer=ada, why=LiftReason.WORKS, actor="command")
    assert Identity.objects.get(customer=ada).suppressed == ""
    assert Opening.objects.filter(customer=ada, actor="command", reason="suppression: lift").count() == 1
    act = Act.objects.get(verb=Verb.LIFTED)
    assert (act.kind, act.object_id) == ("crm.customer", ada.pk)
    with pytest.raises(suppression.NotListed, match="no e-mail address"):
        suppression.lift_customer(customer=dee, why=LiftReason.WORKS, actor="command")


def test_an_act_that_cannot_be_written_leaves_the_address_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_details: object) -> None:
        raise RuntimeError

    suppression.suppress(emails=["ada@example.com"], reason=Reason.BOUNCED)
    monkeypatch.setattr(acts, "record", fails)
    with pytest.raises(RuntimeError):
        suppression.lift(email="ada@example.com", why=LiftReason.WORKS, by=None)
    assert suppression.suppressed("ada@example.com")
