"""Every page, light and dark, in both languages, on a desk and on a phone: whole, readable, and without a barrier."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Browser

from campaigns.emails import links
from campaigns.models import Campaign, Delivery, EmailTemplate, Offer
from crm.ingest.models import ImportRun
from crm.models import Product, User
from recommendations.models import ModelVersion, Placement
from segmentation.models import ClusterRun, Segment
from tests.browser.conftest import Shop
from tests.browser.watched import Watched, watched
from workspace.views.customer import TABS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(databases=["default", "keystore"])]
# Doors for programs, not pages.
PROGRAMS = ("/api/", "/v1/", "/healthz", "/t/")
UNDONE = re.compile(r"\{\{|\{%|%\(\w+\)|</?c-\w|\S None\b|\bNone \S|&amp;|&lt;")
COMBINATIONS = [(theme, language) for theme in ("light", "dark") for language in ("en", "zh-hans")]


def plain(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """Yield every address without a parameter."""
    for pattern in patterns:
        route = before + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if pattern.pattern.regex.groups or pattern.pattern.converters:
            continue
        if isinstance(pattern, URLResolver):
            yield from plain(pattern.url_patterns, route)
        else:
            yield route


def pages() -> list[str]:
    """Return the pages among the addresses without a parameter: what a browser can open and stay on."""
    client = Client()
    client.force_login(User.objects.get(username="boss"))
    found = []
    for path in sorted(set(plain(get_resolver().url_patterns))):
        if path.startswith(PROGRAMS) or path == reverse("logout"):
            continue
        answer = client.get(path)
        assert answer.status_code in {200, 302, 405}, (path, answer.status_code)
        if answer.status_code == 200 and b"<html" in answer.content:
            found.append(path)
    return found


def details() -> list[str]:
    """Return one of each page about one thing."""
    sent = Campaign.objects.get(state=Campaign.State.SENT)
    delivery = Delivery.objects.filter(message=sent.message_id, state=Delivery.State.SENT).order_by("pk")[0]
    customer = reverse("workspace:customer", args=[delivery.customer.uuid])
    drafted = Campaign.objects.get(state=Campaign.State.DRAFT)
    return [
        *(f"{customer}?tab={tab}" for tab in TABS),
        reverse("crm:product", args=[Product.objects.order_by("pk")[0].pk]),
        *(reverse("crm:import", args=[run.pk]) for run in ImportRun.objects.all()[:1]),
        *(
            reverse("segmentation:segment", args=[Segment.objects.in_use().filter(kind=kind, size__gt=0)[0].pk])
            for kind in (Segment.Kind.RULE, Segment.Kind.CLUSTER)
        ),
        reverse("segmentation:segment_edit", args=[Segment.objects.in_use().filter(kind=Segment.Kind.RULE)[0].pk]),
        reverse("segmentation:cluster_run", args=[ClusterRun.objects.get().pk]),
        reverse("recommendations:model", args=[ModelVersion.objects.get().pk]),
        reverse("recommendations:fairness", args=[ModelVersion.objects.get().pk]),
        f"{reverse('recommendations:try')}?customer={delivery.customer.uuid}",
        reverse("recommendations:placement", args=[Placement.objects.order_by("pk")[0].pk]),
        *(reverse("campaigns:campaign", args=[one.pk]) for one in (sent, drafted)),
        reverse("campaigns:report", args=[sent.pk]),
        reverse("campaigns:offer", args=[Offer.objects.all()[0].pk]),
        reverse("campaigns:template", args=[EmailTemplate.objects.all()[0].pk]),
        f"{reverse('search')}?q=picks",
        reverse("campaigns:mail", args=[1]),
    ]


def problems(page: Watched, path: str) -> Iterator[str]:
    """Yield what is wrong with a page."""
    answer = page.open(path)
    page.settle()
    if answer.status != 200:
        yield f"answers {answer.status}"
        return
    if found := UNDONE.search(page.text()):
        yield f"shows {found[0]}"
    yield from page.barriers()
    if (pixels := page.overflow()) > 0:
        yield f"scrolls sideways by {pixels} px on a phone"


@pytest.mark.parametrize(("theme", "language"), COMBINATIONS, ids=["-".join(one) for one in COMBINATIONS])
def test_every_page_is_whole_readable_and_without_a_barrier(
    shop: Shop, browser: Browser, theme: str, language: str
) -> None:
    wrong: dict[str, list[str]] = {}
    paths = [*pages(), *details()]
    assert len(paths) > 35
    with watched(browser, shop.url, sessionid=shop.session, theme=theme, django_language=language) as page:
        for path in paths:
            found = list(problems(page, path)) + page.wrong
            page.wrong.clear()
            if found:
                wrong[path] = found
    assert not wrong, "\n".join(f"{path}\n    " + "\n    ".join(found) for path, found in wrong.items())


@pytest.mark.parametrize(("theme", "language"), COMBINATIONS, ids=["-".join(one) for one in COMBINATIONS])
def test_pages_for_strangers_are_too(shop: Shop, browser: Browser, theme: str, language: str) -> None:
    """Whoever is not signed in sees the form to sign in, and what mails lead to."""
    delivery = Delivery.objects.filter(state=Delivery.State.SENT).order_by("pk")[0]
    token = links.unsubscribe_token(delivery.customer_id, delivery.pk)
    mailed = [reverse(f"campaigns:{name}", args=[token]) for name in ("unsubscribe", "preferences")]
    wrong: dict[str, list[str]] = {}
    with watched(browser, shop.url, theme=theme, django_language=language) as page:
        for path in (reverse("login"), *mailed):
            found = list(problems(page, path)) + page.wrong
            page.wrong.clear()
            if found:
                wrong[path] = found
    assert not wrong, wrong
