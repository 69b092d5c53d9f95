"""One version serves, and only one that passed the gate."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.test import Client

from crm.access.models import User
from recommendations.models import Changeover, ModelVersion
from recommendations.registry import promote
from recommendations.registry.promote import NotPassed
from tests.recommendations import shelves

pytestmark = pytest.mark.django_db


def test_nothing_serves_in_the_beginning() -> None:
    assert promote.live() is None


def test_promoting_retires_the_version_before() -> None:
    old, new = shelves.version("live"), shelves.version("ready")
    promote.promote(version=new)
    old.refresh_from_db()
    assert (promote.live(), old.verdict, new.verdict) == (new, "retired", "live")
    promote.promote(version=old)
    new.refresh_from_db()
    assert (promote.live(), new.verdict) == (old, "retired")


def test_promoting_what_serves_changes_nothing() -> None:
    version = shelves.version("live")
    promote.promote(version=version)
    assert promote.live() == version


@pytest.mark.parametrize("verdict", ["pending", "rejected"])
def test_what_did_not_pass_the_gate_never_serves(verdict: str) -> None:
    live, other = shelves.version("live"), shelves.version(verdict)
    with pytest.raises(NotPassed):
        promote.promote(version=other)
    assert promote.live() == live


def test_the_database_itself_allows_one_live_version() -> None:
    shelves.version("live")
    with pytest.raises(IntegrityError), transaction.atomic():
        shelves.version("live")


@pytest.mark.parametrize(("passed", "verdict"), [(True, "ready"), (False, "rejected")])
def test_the_gate_s_word_is_written_down(passed: bool, verdict: str) -> None:
    version = ModelVersion.objects.create()
    promote.judge(version=version, passed=passed, reason="because")
    version.refresh_from_db()
    assert (version.verdict, version.reason) == (verdict, "because")


def test_every_change_of_what_serves_is_written_down_with_who_and_why(marketer: Client) -> None:
    boss = User.objects.get()
    first, second = shelves.version("ready"), shelves.version("ready")
    promote.promote(version=first)
    promote.promote(version=second)
    promote.promote(version=second)
    promote.promote(version=first, by=boss)
    told = [(one.version, one.before, one.why, one.by) for one in Changeover.objects.order_by("id")]
    assert told == [
        (first, None, "passed", None),
        (second, first, "passed", None),
        (first, second, "rolled_back", boss),
    ]
    second.delete()
    with pytest.raises(ProtectedError):
        boss.delete()  # whoever did something is kept out, and stays named
    assert (Changeover.objects.get(why="rolled_back").before, Changeover.objects.count()) == (None, 2)
