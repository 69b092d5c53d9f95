"""`manage.py circle`: one walk at a time, each stage told, and nothing half done left locked."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command

from campaigns.models import Campaign, Delivery
from recommendations.models import ModelVersion
from segmentation.models import ClusterRun, Portrait
from tests.campaigns import mailing
from workspace.circle import walk as circle
from workspace.demo import load
from workspace.demo.files import Size

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
STAGES = ("release", "portray", "cluster", "segment", "release for recommendations", "recommend")


@pytest.fixture(autouse=True)
def unlocked() -> Iterator[None]:
    """Leave no lock to other tests."""
    cache.delete("circle")
    yield
    cache.delete("circle")


def walked(**options: Any) -> list[str]:
    """Return the lines the command prints."""
    told = StringIO()
    call_command("circle", stdout=told, stderr=StringIO(), **options)
    return told.getvalue().splitlines()


def names(lines: list[str]) -> list[str]:
    """Return the stages in what was printed."""
    return [line.rsplit(maxsplit=2)[0] for line in lines if line and not line.startswith(" ")]


def test_a_walk_tells_each_stage_and_a_campaign_is_sent_when_asked(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    settings.MAILBOX_ENABLED = True
    load.load(Size(customers=200, products=96), circle.silent("shop"))
    with mailing.mail_server(tmp_path) as box:
        lines = walked(send=True)
        received = box.count()
    assert tuple(names(lines)[:6]) == STAGES
    assert names(lines)[6:] == ["campaign and deliver", "listen"]
    told = "\n".join(lines)
    assert f"portraits: {Portrait.objects.count()}" in told
    assert f"clusters: {ClusterRun.objects.get().k}" in told
    assert f"verdict: {ModelVersion.objects.get().verdict}" in told
    assert "NDCG@10 popular" in told
    sent = Delivery.objects.filter(message=Campaign.objects.get().message_id, state=Delivery.State.SENT).count()
    assert sent == received > 50
    assert f"read: {sent}" in told
    assert cache.get("circle") is None


def test_two_walks_never_run_at_once() -> None:
    cache.set("circle", "walking", 60)
    assert circle.walk().busy
    with pytest.raises(CommandError, match="under way"):
        walked()
    # The lock is the other one's.
    assert cache.get("circle") == "walking"


def test_an_empty_shop_is_no_fault() -> None:
    told = walked()
    assert "    clusters: 0" in told
    assert "    lists: 0" in told
    assert cache.get("circle") is None


def test_a_walk_that_fails_lets_the_next_one_start(settings: Any) -> None:
    settings.RELEASE_DIR = "/dev/null/releases"
    with pytest.raises(OSError, match="Not a directory"):
        walked()
    assert cache.get("circle") is None
