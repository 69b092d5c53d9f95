"""What a person allows, recorded from their page: a no in one click, a yes only with how and when they agreed."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from crm.consents import decide
from crm.consents.models import ConsentEvent
from crm.consents.purposes import MARKETING_OBJECTION, Purpose
from crm.customers.models import Customer

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
MAIL = Purpose.EMAIL_MARKETING


def withdraw(client: Client, customer: Customer, **said: str) -> str:
    answer = client.post(f"/customers/{customer.uuid}/consent/", said, follow=True)
    customer.refresh_from_db()
    return answer.content.decode()


def form_of(customer: Customer, purpose: str = "email_marketing") -> str:
    return f"/customers/{customer.uuid}/consent/{purpose}/"


def grant(client: Client, customer: Customer, said_at: datetime | str, **said: str) -> str:
    moment = said_at if isinstance(said_at, str) else timezone.localtime(said_at).strftime("%Y-%m-%dT%H:%M:%S.%f")
    body = {"how": "phone_call", "said_at": moment, **said}
    answer = client.post(form_of(customer), body, follow=True)
    assert answer.status_code == 200
    customer.refresh_from_db()
    return answer.content.decode()


def test_consent_is_recorded_by_editors_only(marketer: Client, analyst: Client, ada: Customer) -> None:
    assert analyst.post(f"/customers/{ada.uuid}/consent/", {"purpose": "sms"}).status_code == 403
    assert analyst.get(form_of(ada)).status_code == 403
    assert analyst.post(form_of(ada), {"how": "phone_call"}).status_code == 403
    assert "Withdrawal recorded: " in withdraw(marketer, ada, purpose="sms")
    assert not ada.permission & Purpose.SMS


@pytest.mark.parametrize("purpose", ["service", "nonsense"])
def test_what_nobody_may_decide_is_refused(marketer: Client, ada: Customer, purpose: str) -> None:
    before = ada.permission
    assert "not known, or cannot be withdrawn" in withdraw(marketer, ada, purpose=purpose)
    assert marketer.get(form_of(ada, purpose)).status_code == 404
    assert ada.permission == before


def test_withdrawing_marketing_on_the_page_ends_all_that_is_done_for_it_and_says_so(
    marketer: Client, ada: Customer
) -> None:
    page = withdraw(marketer, ada, purpose="email_marketing")
    assert not ada.permission & MARKETING_OBJECTION
    assert ada.permission & Purpose.ANALYTICS
    assert "With it ended: Profiling" in page


def test_a_withdrawal_that_did_not_take_effect_is_not_called_recorded(marketer: Client, ada: Customer) -> None:
    # A database that keeps the bits, whatever is written: the page must notice.
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.permission = OLD.permission;"
            " RETURN NEW; END $$; CREATE TRIGGER keep BEFORE UPDATE ON crm_customer"
            " FOR EACH ROW EXECUTE FUNCTION keep()"
        )
    page = withdraw(marketer, ada, purpose="sms")
    assert "The withdrawal did not take effect" in page
    assert "Withdrawal recorded" not in page


def test_one_click_undoes_no_refusal(marketer: Client, bo: Customer) -> None:
    page = marketer.get(f"/customers/{bo.uuid}/?tab=privacy").content.decode()
    assert f'href="{form_of(bo)}"' in page
    answer = marketer.post(f"/customers/{bo.uuid}/consent/", {"purpose": "email_marketing", "act": "grant"})
    assert answer.headers["Location"] == form_of(bo)
    marketer.get(form_of(bo))
    assert "This field is required" in marketer.post(form_of(bo), {}).content.decode()
    bo.refresh_from_db()
    assert not bo.permission & MAIL


def test_a_yes_on_a_page_keeps_how_and_when_and_shows_it(marketer: Client, bo: Customer) -> None:
    page = grant(marketer, bo, timezone.now(), reference="T-81 ann@example.com", text_version="2026-1")
    assert "Permission recorded: " in page
    assert "Phone call · T-81 " in page
    assert bo.permission & MAIL
    event = ConsentEvent.objects.filter(customer=bo).latest("pk")
    assert event.proof["how"] == "phone_call"
    assert event.proof["by"].startswith("user:")
    assert "ann@" not in event.proof["reference"]
    assert event.text_version == "2026-1"


@pytest.mark.parametrize(
    ("said_at", "reason"),
    [
        ("2099-01-01T00:00", "This lies in the future"),
        ("9999-12-31T23:59", "This lies in the future"),
        ("1970-01-01T00:00", "This is too long ago"),
        ("2020-05-05T12:00", "Only a yes the person gave after that undoes it"),
        ("", "This field is required"),
        ("the other day", "Enter a valid date/time"),
        ("0001-01-01T00:00", "This is too long ago"),
    ],
)
def test_a_yes_nobody_can_have_given_after_the_no_is_refused(
    marketer: Client, bo: Customer, said_at: str, reason: str
) -> None:
    page = grant(marketer, bo, said_at)
    assert page.count(reason) >= 1 + ("after that undoes it" in reason)
    assert not bo.permission & MAIL


@pytest.mark.parametrize("how", ["", "telepathy"])
def test_a_yes_that_does_not_say_how_is_refused(marketer: Client, bo: Customer, how: str) -> None:
    grant(marketer, bo, timezone.now(), how=how)
    assert not bo.permission & MAIL


def test_a_yes_of_long_ago_is_taken_from_somebody_who_never_refused(marketer: Client, db: None) -> None:
    customer = Customer.objects.create()
    assert "Permission recorded" in grant(marketer, customer, timezone.now() - timedelta(days=900))
    assert customer.permission & MAIL
    assert decide.withdraw(customer=customer, purposes=MAIL, source="test") == Purpose.SERVICE


def test_nobody_agrees_for_the_erased(marketer: Client, cy: Customer) -> None:
    before = cy.permission
    assert "This person was erased." in grant(marketer, cy, timezone.now())
    assert cy.permission == before


def test_the_form_speaks_chinese(marketer: Client, bo: Customer) -> None:
    marketer.cookies["django_language"] = "zh-hans"
    page = marketer.get(form_of(bo)).content.decode()
    assert "此人是如何同意的？" in page
    assert "只有在那之后给出的同意才能取代该拒绝" in page
