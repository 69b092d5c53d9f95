"""Background work of the facts: imports that wait, partitions of the months to come, releases past their time."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from crm.changes import read
from crm.ingest.models import ImportRun
from crm.ingest.runs import expire_files, work
from crm.interactions import partitions
from crm.privacy import gate, suppression
from crm.privacy.models import Release
from lib.runs import run_due

MONTHS_AHEAD = 3


@shared_task
def run_due_imports() -> None:
    """Take up imports whose worker was lost, and do every one that waits, one at a time."""
    run_due(ImportRun, work)


@shared_task
def run_due_releases() -> None:
    """Take up releases whose worker was lost."""
    run_due(Release, gate.work)


@shared_task
def ensure_partitions() -> None:
    """Make the partitions of this month and the next ones."""
    today = timezone.now().date()
    partitions.ensure(today + timedelta(days=31 * month) for month in range(MONTHS_AHEAD + 1))


@shared_task
def expire_releases() -> None:
    """Destroy the keys and files of releases past their expiry."""
    gate.expire()


@shared_task
def sweep_news() -> None:
    """Drop news that nobody takes."""
    read.sweep()


@shared_task
def look_up_suppressed() -> None:
    """Let identities sealed by an older version know what the suppression list says of their address."""
    suppression.look_up_unknown()


@shared_task
def expire_imports() -> None:
    """Delete uploaded files and rejected rows that are older than a week."""
    expire_files()
