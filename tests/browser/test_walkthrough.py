"""A marketer's first hour, in a browser: sign in, look, choose people, write to them, see it arrive."""

import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db.models import Avg
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from campaigns.models import Campaign, Delivery
from campaigns.planning import closing, launch
from campaigns.sending import reap, shift
from crm.consents.purposes import Purpose
from lib.mailbox import open_mailbox
from segmentation.models import Portrait
from tests.browser.conftest import Shop
from tests.browser.watched import Watched, watched
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(databases=["default", "keystore"])]
SEGMENT, CAMPAIGN = "Often and much", "A browser's campaign"


def test_from_signing_in_to_unsubscribing(shop: Shop, browser: Browser) -> None:
    with watched(browser, shop.url, django_language="en") as seen:
        sign_in(seen, shop)
        open_a_portrait(seen)
        build_a_segment(seen)
        draft_a_campaign(seen)
        launch_it(seen, shop)
        delivery = read_the_mail(seen)
        link = seen.page.locator("a.list-group-item[href*='/t/u/']").first.get_attribute("href")
    # The reader is somebody else, who is signed in nowhere.
    with watched(browser, shop.url) as reader:
        unsubscribe(reader.page, str(link))
    delivery.customer.refresh_from_db()
    assert not delivery.customer.permission & Purpose.EMAIL_MARKETING
    delivery.refresh_from_db()
    assert delivery.unsubscribed_at


def path(page: Page) -> str:
    return urlsplit(page.url).path


def sign_in(seen: Watched, shop: Shop) -> None:
    page = seen.page
    seen.open(reverse("workspace:customers"))
    assert path(page) == reverse("login")
    page.fill("[name=username]", shop.username)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{reverse('workspace:customers')}")


def open_a_portrait(seen: Watched) -> None:
    page = seen.page
    delivery = Delivery.objects.filter(state=Delivery.State.SENT).order_by("pk")[0]
    page.fill("#search", str(delivery.customer.external_id))
    page.press("#search", "Enter")
    page.get_by_role("main").locator(f'a[href*="{delivery.customer.uuid}"]').first.click()
    page.wait_for_url(f"**{reverse('workspace:customer', args=[delivery.customer.uuid])}*")
    expect(page.get_by_role("main")).to_contain_text(re.compile("portrait|orders", re.IGNORECASE))


def count(page: Page) -> int:
    return int(page.locator("#count .h1").inner_text().replace(",", ""))


def rule(page: Page, field: str, value: str) -> None:
    """Make the last row say that a field is at least a value; every change is answered with a new count."""
    for control, act in (
        ("select[name$='.field']", lambda found: found.select_option(field)),
        ("input[name$='.value']", lambda found: (found.fill(value), found.press("Tab"))),
    ):
        with page.expect_response(f"**{reverse('segmentation:segment_preview')}"):
            act(page.locator(control).last)
        page.wait_for_function("() => !document.querySelector('.htmx-request')")


def build_a_segment(seen: Watched) -> None:
    page = seen.page
    orders, revenue = Portrait.objects.aggregate(orders=Avg("orders"), revenue=Avg("revenue")).values()
    seen.open(reverse("segmentation:segment_new"))
    page.fill("[name=name]", SEGMENT)
    everybody = count(page)
    rows = page.locator("select[name$='.field']")
    before = rows.count()
    page.get_by_role("button", name="Add a rule").first.click()
    expect(rows).to_have_count(before + 1)
    rule(page, "orders", str(round(orders)))
    expect(page.locator("#count .h1")).not_to_have_text(f"{everybody:,}")
    frequent = count(page)
    assert 0 < frequent < everybody
    # Another row makes it fewer still.
    page.get_by_role("button", name="Add a rule").first.click()
    expect(rows).to_have_count(before + 2)
    rule(page, "revenue", str(round(revenue * 2)))
    expect(page.locator("#count .h1")).not_to_have_text(f"{frequent:,}")
    assert 0 < count(page) < frequent
    page.locator("#save").click()
    page.wait_for_url(re.compile(r"/segments/\d+/$"))
    expect(page.get_by_role("heading", name=SEGMENT)).to_be_visible()


def draft_a_campaign(seen: Watched) -> None:
    page = seen.page
    seen.open(reverse("campaigns:campaign_new"))
    page.fill("[name=name]", CAMPAIGN)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(re.compile(r"/campaigns/\d+/$"))
    seen.settle()
    for segment in (SEGMENT, None):
        options = page.locator("#new-segment option")
        label = next(text for text in options.all_inner_texts() if text.startswith(segment or ""))
        if segment is None:
            label = options.nth(1).inner_text()
        rows = page.locator("select[name^='template-']").count()
        page.locator("#new-segment").select_option(label=label)
        page.locator("#add-segment").click()
        expect(page.locator("select[name^='template-']")).to_have_count(rows + 1)
    page.locator("select[name^='offer-']").first.select_option(index=1)
    seen.settle()
    expect(page.locator("#preview-subject")).not_to_be_empty()
    mail = page.frame_locator("#preview iframe")
    # in the language of whoever the preview shows
    expect(mail.locator("body")).to_contain_text(re.compile("Unsubscribe|退订"))


def launch_it(seen: Watched, shop: Shop) -> None:
    page = seen.page
    campaign = Campaign.objects.get(name=CAMPAIGN)
    reachable = int(page.locator("#reachable").inner_text().replace(",", ""))
    assert reachable > 0
    page.locator("[data-dialog='send-now']").click()
    page.locator("#send-now button.btn-primary").click()
    expect(page.get_by_role("main")).to_contain_text("Delivery")
    shop.aside(send)
    # the page asks again by itself and loads anew; to open it meanwhile would be aborted by that
    expect(page.get_by_role("main")).to_contain_text("Sent", timeout=60_000)
    page.wait_for_load_state("load")
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.SENT
    assert campaign.deliveries.filter(state=Delivery.State.SENT).count() == reachable


def send() -> None:
    """Do what the worker does when beat tells it to."""
    assert launch.start_due() == 1
    shift.work(limit=500)
    reap.reap()
    closing.finish()


def read_the_mail(seen: Watched) -> Delivery:
    page = seen.page
    sent = Delivery.objects.filter(message__campaign__name=CAMPAIGN, state=Delivery.State.SENT, language="en")
    delivery = sent.select_related("customer").order_by("pk")[0]
    with open_mailbox(settings.VAR_DIR) as box:
        [entry] = [one for one in box.messages(limit=1000) if one.delivery == str(delivery.key)]
    seen.open(f"{reverse('campaigns:mailbox')}?q={entry.recipient}")
    page.locator(f'a[href="{reverse("campaigns:mail", args=[entry.id])}"]').first.click()
    page.wait_for_url(f"**{reverse('campaigns:mail', args=[entry.id])}")
    expect(page.frame_locator(".mail-frame").locator("body")).to_contain_text("Unsubscribe")
    return delivery


def unsubscribe(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("main").get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
