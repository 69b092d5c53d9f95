"""API keys: made once, shown once, kept as a hash."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from crm.access import acts
from crm.access.acts import By
from crm.access.models import ApiKey, User
from crm.access.verbs import Verb

SHAPE = re.compile(r"relata_([0-9a-f]{12})_([\w-]{20,128})", re.ASCII)
USE_PRECISION = timedelta(minutes=1)  # last use is written at most once a minute, not on every call


@transaction.atomic(durable=True)
def create(
    *, name: str, scopes: list[str], created_by: User | None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key; returns the row and the key itself, which cannot be read again.

    Raises ValueError for a scope that does not exist.
    """
    unknown = set(scopes) - set(ApiKey.Scope.values)
    if unknown or not scopes:
        raise ValueError(f"Unknown or missing scopes: {sorted(unknown)}")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        name=name,
        prefix=prefix,
        secret_sha256=_digest(secret),
        scopes=scopes,
        created_by=created_by,
        expires_at=expires_at,
    )
    acts.record(by=created_by, verb=Verb.CREATED, on=row, scopes=scopes, expires_at=expires_at)
    return row, f"relata_{prefix}_{secret}"


@transaction.atomic(durable=True)
def revoke(*, key: ApiKey, by: By = None) -> None:
    """Make a key useless from now on; its row stays as a record."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now()):
        acts.record(by=by, verb=Verb.REVOKED, on=key)


def find(text: str) -> ApiKey | None:
    """Return the key that the text is, if it is in force; the comparison takes the same time for any secret."""
    parts = SHAPE.fullmatch(text.strip())
    if parts is None:
        return None
    row = ApiKey.objects.filter(prefix=parts[1], revoked_at__isnull=True).first()
    if row is None or not hmac.compare_digest(row.secret_sha256, _digest(parts[2])):
        return None
    now = timezone.now()
    if row.expires_at and row.expires_at <= now:
        return None
    if row.last_used_at is None or now - row.last_used_at > USE_PRECISION:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def _digest(secret: str) -> str:
    # The secret has 256 random bits, so a fast hash is enough: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()
