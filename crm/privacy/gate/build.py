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
from lib.progress import Progress

WRITTEN = (
    "as_of", "people_kept", "people_excluded", "interactions_kept", "expires_at", "manifest_sha256", "path",
    "wrapped_key", "done", "total",
)  # fmt: skip
"""Fields of a release's row that say what was written."""
QUASI_IDENTIFIERS = ["country", "region", "age_band", "gender"]


def build(*, purpose: Purpose, progress: Progress | None = None) -> Release:
    """Make a release for one purpose as of now, and return it finished.

    The folder appears whole or not at all. Raises NoSuchRelease for a purpose nothing is released for, Cancelled when
    the row was cancelled.
    """
    population.needed(purpose)
    return work(Release.begin(purpose=int(purpose), as_of=timezone.now()), progress)


def work(release: Release, progress: Progress | None = None) -> Release:
    """Write a release that is claimed, from the beginning whatever an earlier worker left. Raises as `build` does."""
    need = population.needed(release.purpose)
    with release.working(progress) as tell:
        root = Path(settings.RELEASE_DIR)
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in (root / str(release.pk), *root.glob(f".{release.pk}-*")):
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{release.pk}-", dir=root))
        try:
            _fill(folder, release, need, tell)
        finally:
            # Renamed away when all went well.
            shutil.rmtree(folder, ignore_errors=True)
    return release


def _fill(work: Path, release: Release, need: Purpose, tell: Progress) -> None:
    reporting = _Reporting(tell)
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
    release.finish(**{name: getattr(release, name) for name in WRITTEN})


class _Reporting:
    """How many rows are written so far, for whoever is told."""

    def __init__(self, tell: Progress) -> None:
        self.tell = tell
        self.done = self.total = 0
        self.doing = ""

    def say(self, doing: str) -> None:
        self.doing = doing
        self.step(0)

    def step(self, rows: int) -> None:
        self.done += rows
        self.tell(self.done, max(self.total, self.done), self.doing)


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
