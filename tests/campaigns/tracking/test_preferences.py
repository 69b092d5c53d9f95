"""A reader unsubscribes with one click, or chooses, without signing in; it holds at once."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils.timezone import get_fixed_timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.emails import links
from campaigns.sending.models import Delivery
from crm.consents import decide
from crm.consents.models import ConsentEvent
from crm.consents.purposes import MARKETING_OBJECTION, Purpose
from crm.customers.models import Customer
from crm.interactions.models import Interaction
from tests.campaigns import mailing

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.fixture
def delivery() -> Delivery:
    """A mail that waits, to somebody who allows everything."""
    everything = Purpose((1 << len(Purpose)) - 1)
    reader = mailing.people(1, everything)[0]
    mailing.start(mailing.campaign((mailing.segment([reader]), mailing.template(), None)))
    return Delivery.objects.get()


def address(delivery: Delivery, page: str = "u") -> str:
    return f"/t/{page}/{links.unsubscribe_token(delivery.customer_id, delivery.pk)}"


def test_one_click_unsubscribes_and_says_so_plainly(delivery: Delivery) -> None:
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = client.post(address(delivery), {"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    customer = Customer.objects.get(pk=delivery.customer_id)
    assert not customer.permission & (Purpose.EMAIL_MARKETING | Purpose.PROFILING)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == (Delivery.State.SUPPRESSED, "unsubscribed")
    assert delivery.unsubscribed_at is not None
    assert Interaction.objects.filter(kind="unsubscribe", delivery_ref=delivery.pk).count() == 1
    assert ConsentEvent.objects.filter(purpose=Purpose.EMAIL_MARKETING, granted=False).count() == 1


def test_opening_the_page_changes_nothing_and_its_button_does(client: Client, delivery: Delivery) -> None:
    assert client.get(address(delivery)).status_code == 200
    assert client.head(address(delivery)).status_code == 200
    assert Customer.objects.get(pk=delivery.customer_id).permission & Purpose.EMAIL_MARKETING
    assert client.post(address(delivery)).status_code == 200
    assert not Customer.objects.get(pk=delivery.customer_id).permission & Purpose.EMAIL_MARKETING


def test_every_waiting_mail_of_the_reader_is_stopped_and_nobody_elses(client: Client, delivery: Delivery) -> None:
    other = mailing.people(1, prefix="other")[0]
    reader = Customer.objects.get(pk=delivery.customer_id)
    mailing.start(mailing.campaign((mailing.segment([reader, other], "Both"), mailing.template(), None)))
    client.post(address(delivery), {"List-Unsubscribe": "One-Click"})
    assert set(Delivery.objects.filter(customer=reader).values_list("state", flat=True)) == {7}
    assert Delivery.objects.get(customer=other).state == Delivery.State.QUEUED


def test_a_token_works_after_the_campaign_is_gone(client: Client, delivery: Delivery) -> None:
    page = address(delivery)
    delivery.message.campaign.delete()
    delivery.message.delete()
    assert client.post(page, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Customer.objects.get(pk=delivery.customer_id).permission & Purpose.EMAIL_MARKETING


def test_a_made_up_token_is_not_found(client: Client, delivery: Delivery) -> None:
    assert client.get("/t/u/" + "A" * 44).status_code == 404
    assert client.post("/t/u/" + "A" * 44, {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert client.get("/t/p/" + "A" * 44).status_code == 404


def test_the_preference_page_switches_purposes_one_by_one(client: Client, delivery: Delivery) -> None:
    page = address(delivery, "p")
    assert client.get(page).status_code == 200
    client.post(page, {"purpose": ["email_marketing", "click_tracking"]})
    permission = Customer.objects.get(pk=delivery.customer_id).permission
    assert permission & Purpose.EMAIL_MARKETING and permission & Purpose.CLICK_TRACKING
    assert not permission & (Purpose.OPEN_TRACKING | Purpose.PROFILING | Purpose.RECOMMENDATION)
    assert permission & Purpose.SHARE_THIRD_PARTY
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.QUEUED
    client.post(page, {"purpose": ["click_tracking", "share_third_party"]})
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.SUPPRESSED
    client.post(page, {"purpose": ["email_marketing"]})
    assert Customer.objects.get(pk=delivery.customer_id).permission & Purpose.EMAIL_MARKETING


def test_the_page_is_in_the_language_of_the_mail(client: Client, delivery: Delivery) -> None:
    Delivery.objects.update(language="zh-hans")
    answer = client.get(address(delivery))
    assert b'lang="zh-Hans"' in answer.content


def test_a_withdrawal_elsewhere_shows_on_the_page(client: Client, delivery: Delivery) -> None:
    decide.object_to_marketing(customer=delivery.customer, source="test")
    assert b"<form" not in client.get(address(delivery)).content


def test_the_link_of_a_preview_changes_nothing(client: Client, db: None) -> None:
    assert client.get("/t/u/preview").status_code == 200
    assert client.post("/t/p/preview", {"purpose": []}).status_code == 200


def test_unsubscribing_ends_what_is_done_for_marketing_although_mail_was_never_allowed(client: Client) -> None:
    reader = mailing.people(1, Purpose.PROFILING | Purpose.SHARE_THIRD_PARTY)[0]
    page = f"/t/u/{links.unsubscribe_token(reader.pk, 0)}"
    assert b"<form" in client.get(page).content
    for _ in range(2):
        assert client.post(page, {"List-Unsubscribe": "One-Click"}).content == b"Unsubscribed.\n"
    assert Customer.objects.get(pk=reader.pk).permission == Purpose.SERVICE
    assert ConsentEvent.objects.filter(purpose=Purpose.EMAIL_MARKETING, granted=False).count() == 1
    # The no stands against what a file knows from before.
    said = decide.Statement(reader.pk, Purpose.EMAIL_MARKETING, Purpose(0), "file")
    assert decide.record_statements(statements=[said]) == 0


def test_leaving_the_mails_ends_what_is_done_for_them_and_the_page_says_so(client: Client, delivery: Delivery) -> None:
    page = address(delivery, "p")
    answer = client.post(page, {"purpose": ["profiling", "click_tracking"]})
    assert b"without marketing e-mails, we do nothing for them either" in answer.content
    assert b" checked" not in answer.content
    left = Customer.objects.get(pk=delivery.customer_id).permission
    assert not left & MARKETING_OBJECTION
    # Afterwards whoever likes the rest without the mails may have it.
    assert b"It takes effect at once" in client.post(page, {"purpose": ["profiling"]}).content
    assert Customer.objects.get(pk=delivery.customer_id).permission & Purpose.PROFILING


def test_unsubscribed_is_said_only_when_it_is_true(client: Client, delivery: Delivery) -> None:
    # A database that keeps the bit, whatever is written: the page must notice.
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.permission = OLD.permission;"
            " RETURN NEW; END $$; CREATE TRIGGER keep BEFORE UPDATE ON crm_customer"
            " FOR EACH ROW EXECUTE FUNCTION keep()"
        )
    answer = client.post(address(delivery), {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.content) == (503, b"Not unsubscribed. Please try again.\n")
    answer = client.post(address(delivery))
    assert answer.status_code == 503
    assert b"You are unsubscribed" not in answer.content
    assert b"You are not unsubscribed yet" in answer.content


dates = st.one_of(st.none(), st.datetimes(timezones=st.sampled_from([UTC, *map(get_fixed_timezone, (-1439, 1439))])))
grants = st.lists(st.tuples(dates, st.booleans(), st.sampled_from(["grant", "told"])), min_size=1, max_size=4)


# The database is rolled back after the test, not after each example; each example has a customer of its own.
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=grants, click=st.booleans())
def test_after_any_history_of_grants_a_no_keeps_the_reader_out_of_the_next_campaign(
    client: Client, history: list[tuple[datetime | None, bool, str]], click: bool
) -> None:
    name = f"r{uuid4().hex}"
    reader = mailing.people(1, Purpose.EMAIL_MARKETING, prefix=name)[0]
    for at, everything, door in history:
        purposes = Purpose.EMAIL_MARKETING | (MARKETING_OBJECTION if everything else Purpose(0))
        if door == "grant":
            decide.grant(customer=reader, purposes=purposes, source="test", occurred_at=at)
        else:
            said = decide.Statement(reader.pk, purposes, Purpose(0), "test", at, undoes_refusal=True)
            decide.record_statements(statements=[said])
    if click:
        page = f"/t/u/{links.unsubscribe_token(reader.pk, 0)}"
        assert client.post(page, {"List-Unsubscribe": "One-Click"}).content == b"Unsubscribed.\n"
    else:
        decide.withdraw(customer=reader, purposes=Purpose.EMAIL_MARKETING, source="test")
    assert not Customer.objects.get(pk=reader.pk).permission & MARKETING_OBJECTION
    made = mailing.campaign((mailing.segment([reader], name), mailing.template(), None))
    mailing.start(made)
    assert Delivery.objects.get(customer=reader).reason == "no_consent"
