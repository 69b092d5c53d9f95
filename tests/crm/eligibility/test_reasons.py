"""One list of reasons answers everywhere: as an expression of querysets and as text inside statements."""

import pytest
from django.db import connection

from crm.consents.purposes import Purpose
from crm.customers.models import Customer, Identity
from crm.eligibility import reasons as room
from crm.eligibility.reasons import BRANCHES, Lane, Reason, reachable, reasons, stopped_by
from crm.privacy import suppression, vault
from crm.privacy.vault import Sealing

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
MAILS = int(Purpose.EMAIL_MARKETING)


def person(name: str, *, sealed: bool = True, **fields: object) -> Customer:
    made = Customer.objects.create(**({"external_id": name, "permission": MAILS} | fields))
    if sealed:
        vault.seal_many([Sealing(made.pk, made.uuid, email=f"{name}@example.com")])
    return made


def everybody() -> dict[str, Customer]:
    """One person for each reason, and one without."""
    made = {
        "": person("fine"),
        Reason.CANARY: person("canary", canary=True, permission=0, state="restricted"),
        Reason.ERASED: person("erased", state="erased", permission=0, sealed=False),
        Reason.RESTRICTED: person("restricted", permission=0, state="restricted"),
        Reason.NO_CONSENT: person("refuses", permission=1, sealed=False),
        Reason.NO_ADDRESS: person("nowhere", sealed=False),
        Reason.SUPPRESSED: person("bounced"),
    }
    suppression.suppress(emails=["bounced@example.com"], reason="bounced")
    return made


def in_sql(purpose: int, lane: str) -> dict[int, str]:
    expression = room.sql(purpose="%(purpose)s", lane="%(lane)s")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT k.id, {expression} FROM crm_customer k LEFT JOIN crm_identity i ON i.customer_id = k.id",
            {"purpose": purpose, "lane": lane},
        )
        return dict(cursor.fetchall())


def test_each_reason_is_given_and_the_first_that_holds() -> None:
    made = everybody()
    assert made.keys() == {"", *(reason for reason, _when in BRANCHES)}
    expected = {customer.pk: reason for reason, customer in made.items()}
    assert reasons(expected) == expected
    assert list(reachable()) == [made[""]]


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("purpose", [Purpose.EMAIL_MARKETING, Purpose.SERVICE, Purpose.SMS | Purpose.PROFILING])
def test_the_statement_and_the_expression_say_the_same(purpose: Purpose, lane: Lane) -> None:
    made = everybody()
    asked = [customer.pk for customer in made.values()]
    assert in_sql(int(purpose), lane) == reasons(asked, purpose, lane)


def test_every_purpose_of_a_message_must_be_allowed() -> None:
    both = person("both", permission=int(Purpose.EMAIL_MARKETING | Purpose.PROFILING))
    one = person("one")
    asked = Purpose.EMAIL_MARKETING | Purpose.PROFILING
    assert reasons([both.pk, one.pk], asked) == {both.pk: "", one.pk: "no_consent"}


def test_who_unsubscribed_from_newsletters_still_gets_an_order_confirmation() -> None:
    left = person("left", permission=int(Purpose.SERVICE | Purpose.EMAIL_MARKETING))
    gone = person("gone", permission=int(Purpose.SERVICE))
    suppression.suppress(emails=["left@example.com"], reason="unsubscribed")
    suppression.suppress(emails=["gone@example.com"], reason="bounced")
    asked = [left.pk, gone.pk]
    assert reasons(asked, Purpose.SERVICE, Lane.TRANSACTIONAL) == {left.pk: "", gone.pk: "suppressed"}
    assert reasons(asked) == {left.pk: "suppressed", gone.pk: "no_consent"}
    assert stopped_by("unsubscribed", Lane.MARKETING) and not stopped_by("unsubscribed", Lane.TRANSACTIONAL)
    assert not stopped_by("", Lane.MARKETING)


def test_an_identity_knows_what_the_list_says_whoever_comes_first() -> None:
    suppression.suppress(emails=["early@example.com"], reason="complained")
    early, late = person("early"), person("late")
    known = dict(Identity.objects.values_list("customer_id", "suppressed"))
    assert known == {early.pk: "complained", late.pk: ""}
    suppression.suppress(emails=["LATE@example.com"], reason="unsubscribed")
    assert Identity.objects.get(pk=late.pk).suppressed == "unsubscribed"
    suppression.lift(email="late@example.com", why=suppression.LiftReason.ASKED, by=None)
    assert Identity.objects.get(pk=late.pk).suppressed == ""
    vault.seal_many([Sealing(early.pk, early.uuid, email="other@example.com")])
    assert Identity.objects.get(pk=early.pk).suppressed == ""


def test_addresses_sealed_by_an_older_version_are_looked_up() -> None:
    one, two = person("one"), person("two")
    suppression.suppress(emails=["two@example.com"], reason="bounced")
    Identity.objects.update(suppressed=None)
    assert reasons([two.pk]) == {two.pk: ""}
    assert suppression.look_up_unknown() == 2
    assert suppression.look_up_unknown() == 0
    assert reasons([one.pk, two.pk]) == {one.pk: "", two.pk: "suppressed"}
