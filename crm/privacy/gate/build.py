"""Build a release: choose the people, write the files beside their place, sign, and only then let it be seen."""

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.conf import settings
from django.utils import timezone

from crm.consents.purposes import Purpose, keys_of
from crm.privacy.gate import manifest, population, pseudonyms, write
from crm.privacy.models import Release
from lib.runs import Cancelled, Progress

QUASI_IDENTIFIERS = ["country", "region", "age_band", "gender"]


def build(*, purpose: Purpose, progress: Progress | None = None, release: Release | None = None) -> Release:
    """Make a release for one purpose as of now, and return it finished.

    `release` is a row already claimed to report into; without one a row is made. The folder appears whole or not at
    all. Raises NoSuchRelease for a purpose nothing is released for, Cancelled when the row was cancelled.
    """
    need = population.needed(purpose)
    release = release or _started(purpose)
    root = Path(settings.RELEASE_DIR)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    work = Path(tempfile.mkdtemp(prefix=f".{release.pk}-", dir=root))
    try:
        _fill(work, release, need, progress)
    except Cancelled:
        # Whoever listens to the progress may have stopped, not only the row itself.
        release.cancel()
        raise
    except Exception as error:
        release.fail(error)
        raise
    finally:
        # Renamed away when all went well.
        shutil.rmtree(work, ignore_errors=True)
    return release


def _started(purpose: Purpose) -> Release:
    release = Release.objects.create(purpose=int(purpose), as_of=timezone.now())
    release.claim()
    return release


def _fill(work: Path, release: Release, need: Purpose, progress: Progress | None) -> None:
    reporting = _Reporting(release, progress)
    release.as_of = timezone.now()
    names = pseudonyms.new(release.pk)
    reporting.say("choosing people")
    with population.population(need, names) as chosen:
        (work / "interactions").mkdir(mode=0o700)
        reporting.total = write.expected()
        reporting.say("writing interactions")
        months = write.interactions(work / "interactions", chosen.persons, names, release.as_of, reporting.step)
        rows = {f"interactions/{name}": count for name, count in months.items()}
        reporting.say("writing people and products")
        rows["people.parquet"] = write.people(work / "people.parquet", chosen.persons)
        rows["products.parquet"] = write.products(work / "products.parquet")
    release.people_kept, release.people_excluded = rows["people.parquet"], chosen.excluded
    release.interactions_kept = sum(months.values())
    release.expires_at = release.as_of + timedelta(days=settings.RELEASE_DAYS)
    facts = _facts(release, need) | {"smallest_classes": _classes(work / "people.parquet")}
    release.manifest_sha256 = manifest.write(work, facts, rows)
    release.path, release.wrapped_key = str(release.pk), pseudonyms.wrapped(names, release.pk)
    reporting.say("signing")
    work.rename(manifest.folder_of(release))
    release.done = release.total = release.interactions_kept
    # The key is written last: without it a folder left by a crash names nobody, and `expire` sweeps it away.
    release.save(
        update_fields=[
            "as_of",
            "people_kept",
            "people_excluded",
            "interactions_kept",
            "expires_at",
            "manifest_sha256",
            "path",
            "wrapped_key",
            "done",
            "total",
        ]
    )
    release.finish()


class _Reporting:
    """Progress, to the row and to whoever asked."""

    def __init__(self, release: Release, progress: Progress | None) -> None:
        self.release, self.progress = release, progress
        self.done = self.total = 0
        self.doing = ""

    def say(self, doing: str) -> None:
        self.doing = doing
        self.step(0)

    def step(self, rows: int) -> None:
        self.done += rows
        total = max(self.total, self.done)
        self.release.report(self.done, total, self.doing)
        if self.progress:
            self.progress(self.done, total, self.doing)


def _facts(release: Release, need: Purpose) -> dict[str, Any]:
    def moment(at: datetime | None) -> str:
        return at.isoformat() if at else ""

    return {
        "release": release.pk,
        "purpose": keys_of(release.purpose),
        "permission_needed": keys_of(need),
        "as_of": moment(release.as_of),
        "consent_cut_off": moment(release.as_of),
        "expires_at": moment(release.expires_at),
        "people": release.people_kept,
        "excluded": release.people_excluded,
        "interactions": release.interactions_kept,
    }


def _classes(people: Path) -> dict[str, Any]:
    """Measure how alike people are: classes of equal quasi-identifiers, and how many people are in small ones."""
    sizes = pq.read_table(people, columns=QUASI_IDENTIFIERS).group_by(QUASI_IDENTIFIERS).aggregate([([], "count_all")])
    counts = sizes.column("count_all").to_pylist()
    small = [count for count in counts if count < settings.K_SUPPORT]
    return {
        "columns": QUASI_IDENTIFIERS,
        "k": settings.K_SUPPORT,
        "smallest": min(counts, default=0),
        "people_under_k": sum(small),
        "unique_people": counts.count(1),
    }
