"""The cast walks once round the whole circle, and what was promised to each of them holds.

Everything is real and runs in a process of its own: PostgreSQL, Redis, a Celery worker that learns and sends, and a
mail server. The web is spoken to over HTTP. Ada allows everything; Bo has unsubscribed; Cy was erased; Dee never said
who she is. Beside them shops a demo crowd with planted tastes, from which there is something to learn.
"""

import html
import logging
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import close_old_connections
from django.test import override_settings
from pytest_django.live_server_helper import LiveServer

from campaigns.emails import edit
from campaigns.emails.starters import STARTERS
from campaigns.models import Campaign, Delivery
from campaigns.offers import edit as offers
from campaigns.offers.edit import OfferTerms
from campaigns.planning import draft, launch, preview, report
from campaigns.planning.draft import DraftRow
from campaigns.tasks import pump_deliveries, reap_leases, start_due_campaigns
from crm.access import keys
from crm.consents import decide
from crm.consents.purposes import BY_KEY
from crm.models import Customer, Product
from crm.privacy import erasure
from lib import embedded
from lib.mailbox import Entry, Mail, Mailbox
from recommendations.models import ModelVersion, Recommendation
from recommendations.serving.recommend import sentence
from segmentation.models import ClusterRun, Portrait, Segment
from segmentation.segments import refresh
from tests import embedded as databases
from tests import messages
from tests.campaigns import mailing
from tests.chaos.senders import environment
from tests.chaos.workers import address, worker
from tests.messages import ADA, BO, CAST, CY, DEE
from workspace.circle.walk import silent
from workspace.demo import load
from workspace.demo.catalog import DEPARTMENTS
from workspace.demo.files import Size
from workspace.tasks import walk_circle

pytestmark = [pytest.mark.circle, pytest.mark.django_db(databases=["default", "keystore"])]

CROWD = Size(customers=220, products=96)
PATIENCE = 120.0
TASTE = DEPARTMENTS[0].name
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@dataclass
class Circle:
    """What the walk left behind."""

    box: Mailbox
    logs: list[Path]
    seconds: dict[str, float] = field(default_factory=dict)
    campaigns: list[Campaign] = field(default_factory=list)
    previewed: str = ""
    leaver: Customer | None = None
    portrayed: dict[str, tuple[int, int]] = field(default_factory=dict)
    """(opens, clicks) in 90 days of Ada, before and after her first mail."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Note how long a stage takes."""
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 1)

    def mails(self, who: str) -> list[Mail]:
        """Return what somebody received, oldest first."""
        found: list[Entry] = self.box.messages(limit=CROWD.customers * 3, query=who)
        return [self.box.message(entry.id) for entry in reversed(found)]


def ada() -> Customer:
    return Customer.objects.get(external_id=ADA.number)


def customers() -> dict[str, Customer]:
    """Return the cast by name; Cy has no number any more and is found by what was erased."""
    return {
        "Ada": ada(),
        "Bo": Customer.objects.get(external_id=BO.number),
        "Cy": Customer.objects.get(state=Customer.State.ERASED),
        "Dee": Customer.objects.get(anonymous_ids__value=DEE),
    }


def until(what: str, over: Callable[[], bool], tick: Callable[[], object], log: Path) -> None:
    """Do what beat would do until something is over."""
    end = time.monotonic() + PATIENCE
    while not over():
        assert "raised unexpected" not in log.read_text(), f"{what}:\n{log.read_text()[-3000:]}"
        assert time.monotonic() < end, f"{what}:\n{log.read_text()[-3000:]}"
        tick()
        time.sleep(0.3)


@pytest.fixture
def own_folders() -> None:
    """Keep the folders of this file."""


@pytest.fixture(scope="module")
def circle(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Circle]:
    """Walk once round, for all tests of this file."""
    folder = tmp_path_factory.mktemp("circle")
    names = {"RELEASE_DIR": "releases", "MODEL_DIR": "models", "IMPORT_DIR": "imports"}
    chosen = {name: folder / place for name, place in names.items()} | {
        "VAR_DIR": folder,
        "CERTIFICATE_DIR": folder / "certificates",
        "MAILBOX_ENABLED": True,
    }
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(override_settings(**chosen))
        # What a test before this file committed, such as a finished training, must not pass for ours.
        _empty()
        stack.callback(_empty)
        web_log = stack.enter_context(_logged(folder / "web.log"))
        box = stack.enter_context(mailing.mail_server(folder))
        web = LiveServer("127.0.0.1")
        stack.callback(web.stop)
        stack.enter_context(override_settings(BASE_URL=web.url))
        running = environment(folder) | {"BASE_URL": web.url}
        celery = stack.enter_context(worker(folder / "worker.log", concurrency=2, **running))
        walked = Circle(box, [web_log, celery.log])
        _walk(walked, web.url)
        yield walked


def _empty() -> None:
    cache.delete("circle")
    close_old_connections()
    for database in settings.DATABASES:
        call_command("flush", database=database, interactive=False, verbosity=0)


@contextmanager
def _logged(path: Path) -> Iterator[Path]:
    """Write everything this process logs, unscrubbed, so that nothing hides behind the filter."""
    handler = logging.FileHandler(path)
    loggers = [logging.getLogger(name) for name in ("", "django.server")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield path
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()


def _walk(walked: Circle, web: str) -> None:
    with walked.stage("collect and seal"):
        load.load(CROWD, silent("crowd"))
        _collect(web)
    with walked.stage("release to recommend, by the worker"):
        walk_circle.delay()
        done = ModelVersion.objects.filter(state__in=["done", "failed"])
        until("the walk", lambda: done.exists() and cache.get("circle") is None, lambda: None, walked.logs[1])
    # They are in segments by now; what they say holds at once all the same.
    decide.object_to_marketing(customer=Customer.objects.get(external_id=BO.number), source="unsubscribe link")
    erasure.erase(customer=Customer.objects.get(external_id=CY.number), actor="test")
    with walked.stage("campaign and deliver"):
        _campaign(walked, "First")
    walked.portrayed["before"] = _interest()
    with walked.stage("listen"):
        _listen(walked)
    with walked.stage("round again"):
        walk_circle.delay()
        done = ModelVersion.objects.filter(state__in=["done", "failed"])
        until("the walk", lambda: done.count() == 2 and cache.get("circle") is None, lambda: None, walked.logs[1])
        walked.portrayed["after"] = _interest()
    with walked.stage("second campaign"):
        _campaign(walked, "Second")


def _collect(web: str) -> None:
    _, key = keys.create(name="shop", scopes=["ingest"], created_by=None)
    shelf = list(Product.objects.filter(department=TASTE).order_by("sku")[:6])
    batch: list[dict[str, Any]] = [messages.page(DEE, 0)]
    for who in CAST:
        batch += [messages.identify(who), *(messages.order(who, month, shelf[month : month + 2]) for month in range(4))]
    for _again in range(2):  # a sender that got no answer sends again
        answer = requests.post(f"{web}/v1/batch", json={"batch": batch}, auth=(key, ""), timeout=30)
        assert answer.status_code == 200, answer.text


def _segment(name: str, rule: dict[str, Any]) -> Segment:
    made, _new = Segment.objects.get_or_create(name=name, rule=rule)
    refresh.refresh(segment=made)
    return made


def _campaign(walked: Circle, name: str) -> None:
    """Write a campaign for those who like a department, for a cluster, and for whoever ordered; send it."""
    rule = _segment(f"Likes {TASTE}", {"field": "top_department", "op": "is", "value": TASTE})
    cluster = Segment.objects.in_use().filter(kind=Segment.Kind.CLUSTER).order_by("-size").first()
    assert cluster is not None
    rest = _segment("Buyers", {"field": "orders", "op": "at_least", "value": 1})
    terms = [
        OfferTerms(name=f"{name} {number}", value=5 * number, code=f"{name}{number}".upper()) for number in (1, 2, 3)
    ]
    templates = [edit.begin(name=f"{name} {starter.name}", starter=starter) for starter in STARTERS]
    made = draft.create(name=name)
    rows = [
        DraftRow(segment_id=segment.pk, template_id=template.pk, offer_id=offers.create(terms=one).pk)
        for segment, template, one in zip(
            (rule, cluster, rest), (templates[0], templates[1], templates[1]), terms, strict=True
        )
    ]
    draft.set_cells(campaign=made, rows=rows)
    cell = preview.cell_of(made, ada())
    assert cell is not None
    walked.previewed = preview.preview(cell=cell, customer=ada()).mail.html
    launch.schedule(campaign=made)
    sent = Campaign.objects.filter(pk=made.pk, state=Campaign.State.SENT)

    def beat() -> None:
        for task in (start_due_campaigns, pump_deliveries, reap_leases):
            task.delay()

    until("the sending", sent.exists, beat, walked.logs[1])
    made.refresh_from_db()
    walked.campaigns.append(made)


def _listen(walked: Circle) -> None:
    """Ada opens her mail and follows a link; somebody else unsubscribes with one click of a mail program."""
    [mail] = walked.mails(ADA.email)
    for pattern, wanted in ((r'src="(http[^"]+/t/o/[^"]+)"', 200), (r'href="(http[^"]+/t/c/[^"]+)"', 302)):
        found = re.search(pattern, mail.html)
        assert found, pattern
        answer = requests.get(html.unescape(found[1]), headers=BROWSER, allow_redirects=False, timeout=30)
        assert answer.status_code == wanted
    first = walked.campaigns[0]
    delivery = first.deliveries.filter(state=Delivery.State.SENT).exclude(customer=ada()).order_by("pk")[0]
    [entry] = [one for one in walked.box.messages(limit=CROWD.customers * 3) if one.delivery == str(delivery.key)]
    headers = dict(walked.box.message(entry.id).headers)
    url = headers["List-Unsubscribe"].strip("<>")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert requests.get(url, timeout=30).status_code == 200  # a scanner that follows links changes nothing
    assert Customer.objects.get(pk=delivery.customer_id).permission & BY_KEY["email_marketing"]
    answer = requests.post(url, data={"List-Unsubscribe": "One-Click"}, timeout=30)
    assert answer.status_code == 200
    walked.leaver = delivery.customer


def _interest() -> tuple[int, int]:
    portrait = Portrait.objects.get(customer=ada())
    return portrait.opens_90d, portrait.clicks_90d


def test_every_stage_did_its_work(circle: Circle) -> None:
    print(circle.seconds)  # noqa: T201
    assert ClusterRun.objects.filter(state="done", k__gte=2).count() == 2
    assert list(ModelVersion.objects.values_list("state", flat=True)) == ["done", "done"]
    assert Recommendation.objects.filter(personal=True).count() > CROWD.customers / 2
    figures = report.report(circle.campaigns[0]).total
    assert (figures.opened, figures.clicked, figures.unsubscribed) == (1, 1, 1)
    assert figures.sent > 50
    assert not figures.unknown
    assert not figures.failed


def test_sending_a_batch_twice_adds_nothing(circle: Circle) -> None:
    assert ada().interactions.filter(kind="order").count() == 8
    assert Portrait.objects.get(customer=ada()).orders == 4


def test_ada_gets_exactly_one_mail_with_her_products_and_reasons(circle: Circle) -> None:
    first, second = circle.mails(ADA.email)  # one for each campaign
    for mail, campaign in ((first, circle.campaigns[0]), (second, circle.campaigns[1])):
        row = campaign.deliveries.get(customer=ada())
        assert row.state == Delivery.State.SENT
        assert row.segment and row.segment.name == f"Likes {TASTE}"
        text = html.unescape(mail.html)
        assert ADA.first in text
        assert len(row.recommended) >= 3
        shown = Product.objects.in_bulk([item["product"] for item in row.recommended])
        names = dict(Product.objects.values_list("pk", "name"))
        for item in row.recommended:
            assert shown[item["product"]].name in text
            assert sentence({"code": item["code"], "product": item["because"]}, names, "en") in text
    liked = [shown[item["product"]].department for item in row.recommended]
    assert liked.count(TASTE) > len(liked) / 2


def test_the_preview_was_the_mail(circle: Circle) -> None:
    row = circle.campaigns[1].deliveries.get(customer=ada())
    for product in Product.objects.filter(pk__in=[item["product"] for item in row.recommended]):
        assert product.name in html.unescape(circle.previewed)
    assert ADA.first not in circle.previewed


def test_bo_cy_and_dee_get_none_and_are_in_no_campaign(circle: Circle) -> None:
    for who in (BO, CY):
        assert not circle.mails(who.email)
    first, second = (
        {
            name: (row.state, row.reason)
            for name, customer in customers().items()
            if name != "Ada" and (row := campaign.deliveries.filter(customer=customer).first())
        }
        for campaign in circle.campaigns
    )
    # Who refuses marketing refuses to be profiled for it: Bo left the segments when the campaigns looked into them.
    assert first == second == {}
    for name in ("Bo", "Cy", "Dee"):
        assert not Portrait.objects.filter(customer=customers()[name]).exists()
        assert not Recommendation.objects.filter(customer=customers()[name]).exists()


def test_nobody_gets_a_mail_twice(circle: Circle) -> None:
    received = circle.box.count_by_delivery()
    assert set(received.values()) == {1}
    sent = Delivery.objects.filter(state=Delivery.State.SENT)
    assert set(received) == {str(key) for key in sent.values_list("key", flat=True)}
    assert sent.count() == sent.values("message", "customer").distinct().count()


def test_what_ada_did_with_her_mail_is_in_her_next_portrait(circle: Circle) -> None:
    assert circle.portrayed == {"before": (0, 0), "after": (1, 1)}


def test_the_second_campaign_does_not_reach_who_unsubscribed(circle: Circle) -> None:
    first, second = circle.campaigns
    assert first.deliveries.get(customer=circle.leaver).state == Delivery.State.SENT
    row = second.deliveries.filter(customer=circle.leaver).first()
    assert row is None or (row.state, row.reason) == (Delivery.State.SUPPRESSED, Delivery.Reason.NO_CONSENT)


def test_neither_facts_nor_logs_hold_an_address_a_phone_or_a_name(circle: Circle) -> None:
    facts, keystore = _dump("default"), _dump("keystore")
    assert "COPY public.crm_customer" in facts
    assert ADA.number in facts
    texts = {"facts": facts, "keystore": keystore} | {log.name: log.read_text() for log in _all_logs(circle)}
    assert texts["worker.log"].strip()
    for who in CAST:
        for secret in (who.email, who.phone, who.phone[3:], who.first, who.last):
            found = {name: len(re.findall(re.escape(secret), text, re.IGNORECASE)) for name, text in texts.items()}
            assert not any(found.values()), (secret, found)


def _dump(alias: str) -> str:
    command = [str(embedded.postgres_binary("pg_dump")), "--dbname", address(alias)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def _all_logs(circle: Circle) -> list[Path]:
    # The databases' own logs too, where they are ours.
    own = databases.VAR_DIR / "log" if databases.NEEDED else Path("/nonexistent")
    return [*circle.logs, *own.glob("*.log")]
