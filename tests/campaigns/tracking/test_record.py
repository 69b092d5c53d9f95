"""Clicks and opens are noted where the reader allows it, and nowhere else."""

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.emails import links
from campaigns.messages.models import TrackedLink
from campaigns.sending.models import Delivery
from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.interactions.models import Interaction
from tests.campaigns import mailing

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
URL = "https://shop.example.com/tea?from=mail"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Invented/1.0"}


@pytest.fixture
def reader() -> Customer:
    """Somebody who allows mails and tracking."""
    return mailing.people(1, mailing.TRACKED)[0]


@pytest.fixture
def delivery(reader: Customer) -> Delivery:
    """A mail the reader got."""
    mailing.start(mailing.campaign((mailing.segment([reader]), mailing.template(), None)))
    Delivery.objects.update(state=Delivery.State.SENT, sent_at=timezone.now())
    return Delivery.objects.get()


@pytest.fixture
def link(delivery: Delivery) -> TrackedLink:
    """A link in it."""
    return TrackedLink.objects.create(message=delivery.message, url=URL)


def test_a_click_leads_on_and_is_noted_with_the_product_it_was_about(
    client: Client, delivery: Delivery, link: TrackedLink
) -> None:
    tea = Product.objects.create(sku="TEA", name="Tea", url=URL)
    Delivery.objects.update(recommended=[{"product": tea.pk, "code": "popular", "because": None}])
    answer = client.get(f"/t/c/{links.click_token(link.pk, delivery.pk)}", headers=BROWSER)
    assert (answer.status_code, answer["Location"]) == (302, URL)
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    click = Interaction.objects.get(kind="email_click")
    assert (click.product_id, click.campaign_ref, click.delivery_ref) == (tea.pk, delivery.message_id, delivery.pk)
    delivery.refresh_from_db()
    assert delivery.clicked_at is not None


def test_a_click_of_somebody_who_withdrew_leads_on_and_leaves_nothing(
    client: Client, reader: Customer, delivery: Delivery, link: TrackedLink
) -> None:
    decide.withdraw(customer=reader, purposes=Purpose.CLICK_TRACKING, source="test")
    answer = client.get(f"/t/c/{links.click_token(link.pk, delivery.pk)}", headers=BROWSER)
    assert (answer.status_code, answer["Location"]) == (302, URL)
    assert not Interaction.objects.filter(kind="email_click").exists()
    delivery.refresh_from_db()
    assert delivery.clicked_at is None


@pytest.mark.parametrize("place", range(0, 44, 3))
def test_an_altered_token_leads_nowhere(client: Client, delivery: Delivery, link: TrackedLink, place: int) -> None:
    token = links.click_token(link.pk, delivery.pk)
    other = "A" if token[place] != "A" else "B"
    assert client.get(f"/t/c/{token[:place]}{other}{token[place + 1 :]}").status_code == 404
    assert client.get(f"/t/c/{token[:place]}").status_code == 404


def test_a_token_for_one_use_is_none_for_another(client: Client, delivery: Delivery, link: TrackedLink) -> None:
    unsubscribe = links.unsubscribe_token(link.pk, delivery.pk)
    assert client.get(f"/t/c/{unsubscribe}").status_code == 404
    assert client.get(f"/t/u/{links.click_token(delivery.customer_id, delivery.pk)}").status_code == 404
    assert client.get(f"/t/o/{unsubscribe}.gif").status_code == 404


def test_probes_and_prefetches_are_not_noted(client: Client, delivery: Delivery, link: TrackedLink) -> None:
    address = f"/t/c/{links.click_token(link.pk, delivery.pk)}"
    assert client.head(address).status_code == 302
    assert client.get(address, headers={**BROWSER, "Sec-Purpose": "prefetch"}).status_code == 302
    assert client.post(address).status_code == 405
    assert not Interaction.objects.filter(kind="email_click").exists()


def test_an_open_is_noted_once_a_second_and_the_first_is_kept(client: Client, delivery: Delivery) -> None:
    address = f"/t/o/{links.open_token(delivery.pk)}.gif"
    answer = client.get(address, headers=BROWSER)
    assert answer["Content-Type"] == "image/gif"
    assert answer.content.startswith(b"GIF89a")
    first = Delivery.objects.get().opened_at
    client.get(address, headers=BROWSER)
    assert Delivery.objects.get().opened_at == first
    assert Interaction.objects.filter(kind="email_open").count() in {1, 2}


def test_a_proxy_that_loads_every_picture_is_no_open(client: Client, delivery: Delivery) -> None:
    client.get(f"/t/o/{links.open_token(delivery.pk)}.gif", headers={"User-Agent": "Mozilla/5.0"})
    assert Delivery.objects.get().opened_at is None


def test_an_open_after_withdrawal_leaves_nothing(client: Client, reader: Customer, delivery: Delivery) -> None:
    decide.withdraw(customer=reader, purposes=Purpose.OPEN_TRACKING, source="test")
    assert client.get(f"/t/o/{links.open_token(delivery.pk)}.gif", headers=BROWSER).status_code == 200
    assert not Interaction.objects.filter(kind="email_open").exists()
    assert Delivery.objects.get().opened_at is None


def test_a_token_says_nothing_and_is_always_as_long() -> None:
    tokens = {links.click_token(number, 2**40 + number) for number in range(50)}
    assert {len(token) for token in tokens} == {44}
    assert len(tokens) == 50


def test_a_colleague_who_looks_at_a_mail_opens_and_clicks_nothing(
    admin: Client, delivery: Delivery, link: TrackedLink
) -> None:
    for address in (f"/t/o/{links.open_token(delivery.pk)}.gif", f"/t/c/{links.click_token(link.pk, delivery.pk)}"):
        assert admin.get(address, headers=BROWSER).status_code in {200, 302}
    assert not Interaction.objects.filter(kind__in=["email_open", "email_click"]).exists()
    delivery.refresh_from_db()
    assert (delivery.opened_at, delivery.clicked_at) == (None, None)
