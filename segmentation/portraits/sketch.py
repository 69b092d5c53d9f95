"""Portraits of pseudonyms: what a release says, before anybody is named."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from django.conf import settings

from lib.engine import Engine
from segmentation.portraits.statement import NO_INTERACTIONS, painting, preparation


def sketch(engine: Engine, folder: Path, as_of: datetime) -> Iterator[pa.RecordBatch]:
    """Yield the portraits of a release in `folder`, as of a moment, in batches with the columns statement.COLUMNS.

    Raises EngineError when a file of the release is missing or cannot be read.
    """
    engine.view("people", [folder / "people.parquet"])
    engine.view("products", [folder / "products.parquet"])
    months = sorted((folder / "interactions").glob("*.parquet"))
    if months:
        engine.view("interactions", months)
    else:
        engine.run(NO_INTERACTIONS)
    known = {"cut": as_of.astimezone(UTC).replace(tzinfo=None), "zone": settings.TIME_ZONE}
    for statement, wanted in preparation():
        engine.run(statement, {name: known[name] for name in wanted})
    yield from engine.batches(painting())
