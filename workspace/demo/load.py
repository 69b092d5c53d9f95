"""The demo shop into the database: three imports, like anybody's."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from crm.ingest.models import ImportRun
from crm.ingest.runs import run_import
from crm.models import Customer
from lib.progress import Progress
from workspace.demo import files
from workspace.demo.files import Size

SOURCE = "demo"


@dataclass(frozen=True)
class Loaded:
    """What one of the imports did."""

    subject: str
    added: int
    known: int
    rejected: int


class Refused(Exception):
    """The database holds customers already; invented ones are not mixed with them."""


def load(size: Size, progress: Progress) -> list[Loaded]:
    """Invent a shop and import it; the files are deleted afterwards.

    Raises Refused when there are customers already.
    """
    if Customer.objects.exists():
        raise Refused
    written = files.write(Path(settings.IMPORT_DIR), size, timezone.now(), progress)
    done = []
    for subject, path in (
        (ImportRun.Subject.PRODUCTS, written.products),
        (ImportRun.Subject.CUSTOMERS, written.customers),
        (ImportRun.Subject.INTERACTIONS, written.interactions),
    ):
        run = ImportRun.objects.create(subject=subject, filename=path.name, path=str(path), source=SOURCE)
        run_import(run=run, progress=progress)
        run.refresh_from_db()
        if run.state != ImportRun.State.DONE:
            raise RuntimeError(f"The import of {path.name} did not finish: {run.error}")
        path.unlink()
        done.append(Loaded(subject.value, run.rows_added, run.rows_known, run.rows_rejected))
    return done
