"""Portraits of pseudonyms: what a release says, before anybody is named."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from django.conf import settings

from lib.engine import Engine
from lib.progress import Progress
from segmentation.portraits.statement import NO_INTERACTIONS, drawing, preparation, scoring, slices


def sketch(engine: Engine, folder: Path, as_of: datetime, progress: Progress) -> Iterator[pa.RecordBatch]:
    """Yield the portraits of a release in `folder`, as of a moment, in batches with the columns statement.COLUMNS.

    `progress` hears of the people drawn, in slices.

    Raises EngineError when a file of the release is missing or cannot be read.
    """
    engine.view("people", [folder / "people.parquet"])
    engine.view("products", [folder / "products.parquet"])
    months = sorted((folder / "interactions").glob("*.parquet"))
    if months:
        engine.view("interactions", months)
    else:
        engine.run(NO_INTERACTIONS)
    for statement, wanted in preparation():
        engine.run(statement, {"zone": settings.TIME_ZONE} if wanted else None)
    people = int(engine.one("select count(*) from folk")[0])
    parts = slices(people)
    for done, (first, end) in enumerate(parts):
        progress(people * done // len(parts), people, "painting")
        into = "insert into drawn" if done else "create table drawn as"
        moment = as_of.astimezone(UTC).replace(tzinfo=None)
        engine.run(f"{into} {drawing()}", {"cut": moment, "first": first, "end": end})
    yield from engine.batches(scoring())
