"""A release is used while it is the latest, and destroyed when its time is over."""

import shutil
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from crm.consents.purposes import Purpose
from crm.privacy.models import Release

LEFT_OVER = timedelta(days=1)
"""A folder no finished release owns is swept away after this time: no build takes so long."""


def latest(purpose: Purpose) -> Release | None:
    """Return the newest finished release for a purpose that has not expired, None when there is none."""
    return (
        Release.objects.filter(
            purpose=int(purpose), state=Release.State.DONE, wrapped_key__isnull=False, expires_at__gt=timezone.now()
        )
        .order_by("-id")
        .first()
    )


def expire() -> int:
    """Destroy the key and the files of every release past its time, and what crashes left; return how many releases.

    The key goes first: from then on nobody can say whom a copy of the files is about.
    """
    over = list(Release.objects.filter(wrapped_key__isnull=False, expires_at__lte=timezone.now()))
    for release in over:
        Release.objects.filter(pk=release.pk).update(wrapped_key=None)
        _remove(Path(settings.RELEASE_DIR) / release.path)
    _sweep()
    return len(over)


def _sweep() -> None:
    root = Path(settings.RELEASE_DIR)
    if not root.is_dir():
        return
    owned = set(Release.objects.filter(wrapped_key__isnull=False).values_list("path", flat=True))
    oldest = (timezone.now() - LEFT_OVER).timestamp()
    for folder in root.iterdir():
        if folder.is_dir() and folder.name not in owned and folder.stat().st_mtime < oldest:
            _remove(folder)


def _remove(folder: Path) -> None:
    if folder.is_dir() and folder != Path(settings.RELEASE_DIR):
        shutil.rmtree(folder)
