"""API keys: shown once, kept as a hash, useless once revoked or over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access import keys
from crm.access.models import ApiKey
from lib.scrub import scrub

pytestmark = pytest.mark.django_db


def made(**fields: object) -> tuple[ApiKey, str]:
    return keys.create(name="shop", scopes=["read"], created_by=None, **fields)  # type: ignore[arg-type]


def test_a_key_is_found_by_its_text_and_never_stored() -> None:
    row, text = made()
    assert keys.find(text) == row
    assert keys.find(f"  {text}\n") == row
    stored = " ".join(str(value) for value in ApiKey.objects.values().get().values())
    assert text.split("_", 2)[2] not in stored
    assert scrub(text) == text


def test_two_keys_have_nothing_in_common() -> None:
    (first, one), (second, two) = made(), made()
    assert one != two
    assert first.prefix != second.prefix
    assert first.secret_sha256 != second.secret_sha256


@pytest.mark.parametrize(
    "text",
    [
        "",
        "relata",
        "relata__",
        "relata_000000000000_" + "x" * 43,
        "other_000000000000_" + "x" * 43,
        "relata_\0_\0",
        "é",
    ],
)
def test_what_is_no_key_finds_nothing(text: str) -> None:
    made()
    assert keys.find(text) is None


def test_a_prefix_with_another_secret_finds_nothing() -> None:
    (_, one), (_, two) = made(), made()
    mixed = "_".join([*one.split("_", 2)[:2], two.split("_", 2)[2]])
    assert keys.find(mixed) is None
    assert keys.find(one[:-1]) is None
    assert keys.find(one + "x") is None


def test_a_revoked_key_is_useless_at_once_and_its_row_stays() -> None:
    row, text = made()
    keys.revoke(key=row)
    assert keys.find(text) is None
    row.refresh_from_db()
    first = row.revoked_at
    keys.revoke(key=row)
    row.refresh_from_db()
    assert row.revoked_at == first


def test_a_key_ends_with_its_time() -> None:
    now = timezone.now()
    over, text = made(expires_at=now)
    assert keys.find(text) is None
    assert over.expired
    later, text = made(expires_at=now + timedelta(hours=1))
    assert keys.find(text) == later
    assert not later.expired
    assert not made()[0].expired


def test_the_last_use_is_written_at_most_once_a_minute() -> None:
    row, text = made()
    keys.find(text)
    row.refresh_from_db()
    first = row.last_used_at
    assert first is not None
    keys.find(text)
    row.refresh_from_db()
    assert row.last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    keys.find(text)
    row.refresh_from_db()
    assert row.last_used_at >= first


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "everything"]])
def test_a_key_for_nothing_or_for_something_unknown_is_not_made(scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="scopes"):
        keys.create(name="shop", scopes=scopes, created_by=None)
    assert not ApiKey.objects.exists()
