"""The contracts hold, migrations are complete, every address asks for a login or says why not."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import AllowAny

ROOT = Path(__file__).resolve().parents[2]
OPEN = {
    "healthz": "a load balancer asks without a session",
    "login": "this is where one signs in",
    "set_language": "the sign-in page has a language switch",
    "campaigns:click": "reached from a mail",
    "campaigns:open": "reached from a mail",
    "campaigns:unsubscribe": "reached from a mail; the law forbids a login here",
    "campaigns:preferences": "reached from a mail",
    "crm:segment_batch": "programs send events with a write key",
    "crm:segment_track": "programs send events with a write key",
    "crm:segment_identify": "programs send events with a write key",
    "crm:segment_page": "programs send events with a write key",
    "crm:segment_alias": "programs send events with a write key",
}
"""Addresses open without a login, each with the reason."""


def routes(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address with its full name."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern.url_patterns, inner)
        else:
            yield f"{space}{pattern.name}", pattern


def test_mails_are_compiled_apart_only() -> None:
    inside = {"compile.py", "compiler.py", "proof.py", "workshop.py"}
    found = []
    for path in sorted((ROOT / "campaigns").rglob("*.py")):
        text = path.read_text()
        if "mjml2html(" in text or "compile_text(" in text or "proof import Draft, Proof, proof_read" in text:
            found.append(path.name)
    assert set(found) <= inside, "What somebody typed is compiled through campaigns.emails.workshop."


def test_the_import_contracts_hold() -> None:
    answer = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout[-4000:]


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_system_checks_pass() -> None:
    call_command("check")


def test_every_address_asks_for_a_login_or_says_why_not() -> None:
    unguarded = []
    for name, pattern in routes(get_resolver().url_patterns):
        view = pattern.callback
        rest_view = getattr(view, "cls", None)
        if rest_view is not None and hasattr(rest_view, "permission_classes"):
            guarded = bool(rest_view.permission_classes) and AllowAny not in rest_view.permission_classes
        else:
            guarded = getattr(view, "login_required", True)
        if not guarded and name not in OPEN:
            unguarded.append(f"{name} ({pattern.pattern})")
    assert not unguarded, f"Open without a reason: {unguarded}"


def test_every_address_has_a_name() -> None:
    nameless = [str(p.pattern) for name, p in routes(get_resolver().url_patterns) if not p.name]
    assert not nameless
