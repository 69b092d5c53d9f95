"""Paint everyone's portrait from a release: one statement in the engine, one upsert in the database."""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from crm.privacy import gate
from crm.privacy.models import Release
from lib.engine import DuckEngine
from lib.progress import Progress
from segmentation.portraits.features import FEATURES, Type
from segmentation.portraits.models import Portrait, PortraitRun
from segmentation.portraits.sketch import sketch
from segmentation.portraits.statement import COLUMNS, SCORES

STAGING = "portrait_staging"
TYPES = {
    Type.COUNT: "bigint",
    Type.MONEY: "numeric(14, 2)",
    Type.MOMENT: "timestamptz",
    Type.WORD: "text",
    Type.VECTOR: "jsonb",
    Type.NUMBER: "double precision",
    Type.SHARE: "double precision",
}
STORED = dict.fromkeys(SCORES, "smallint") | {feature.name: TYPES[feature.type] for feature in FEATURES}


def paint(*, release: Release, progress: Progress | None = None) -> PortraitRun:
    """Paint the portrait of everyone in the release as of its cut-off, and remove the portraits of everyone else.

    People whose consent ended since the release get none. Raises AlteredRelease or ExpiredRelease for a release that
    may not be used, EngineError for one that cannot be read, Cancelled when the run was cancelled; then every portrait
    is as it was before.
    """
    return work(PortraitRun.begin(release_ref=release.pk, as_of=release.as_of), progress)


def work(run: PortraitRun, progress: Progress | None = None) -> PortraitRun:
    """Paint from the release that a claimed run names, from the beginning. Raises as `paint` does."""
    with run.working(progress) as tell:
        release = Release.objects.filter(pk=run.release_ref or 0).first()
        if release is None:
            raise gate.ExpiredRelease("The release these portraits were to be painted from is gone.")
        gate.verify(release)
        _stage(release, tell)
        with transaction.atomic():
            painted, removed = _replace(release)
            # The portraits and the word that they are there are one: a worker that was given up changes neither.
            run.finish(painted=painted, removed=removed)
        _drop()
    return run


def _stage(release: Release, progress: Progress) -> None:
    """Copy the portraits into a table of this session, outside a transaction, so that progress can be seen."""
    total = release.people_kept
    progress(0, total, "painting")
    _drop()
    with connection.cursor() as cursor:
        columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in STORED.items()]
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} (customer_id bigint, {})").format(
                sql.Identifier(STAGING), sql.SQL(", ").join(columns)
            )
        )
    done = 0
    with DuckEngine(Path(settings.VAR_DIR) / "tmp") as engine:
        for batch in sketch(engine, Path(settings.RELEASE_DIR) / release.path, release.as_of, progress):
            _append(pa.Table.from_batches([batch]), release)
            done += batch.num_rows
            progress(done, max(total, done), "storing")


def _append(batch: pa.Table, release: Release) -> None:
    people = pa.array(gate.attach(release, batch.column("person").to_pylist()))
    rows = batch.select(COLUMNS[1:]).add_column(0, "customer_id", people)
    rows = rows.filter(pa.compute.greater_equal(people, 0))
    text = io.BytesIO()
    # Strings are quoted and nulls are not, which is how COPY tells an empty word from nothing.
    pyarrow.csv.write_csv(rows, text, pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed"))
    statement = sql.SQL("COPY {} (customer_id, {}) FROM STDIN (FORMAT csv)").format(sql.Identifier(STAGING), _names())
    with connection.cursor() as cursor, cursor.copy(statement) as stream:
        stream.write(text.getvalue())


def _replace(release: Release) -> tuple[int, int]:
    """Make the portraits those of the staging table; returns (painted, removed)."""
    table = sql.Identifier(Portrait._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(STAGING)))
        cursor.execute(
            sql.SQL(
                "INSERT INTO {table} (customer_id, as_of, {names}) SELECT customer_id, %s, {names} FROM {staging} "
                "ON CONFLICT (customer_id) DO UPDATE SET as_of = excluded.as_of, {changes}"
            ).format(
                table=table,
                names=_names(),
                staging=sql.Identifier(STAGING),
                changes=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(n)) for n in STORED),
            ),
            [release.as_of],
        )
        painted = cursor.rowcount
        cursor.execute(
            sql.SQL(
                "DELETE FROM {table} WHERE NOT EXISTS "
                "(SELECT 1 FROM {staging} WHERE {staging}.customer_id = {table}.customer_id)"
            ).format(table=table, staging=sql.Identifier(STAGING))
        )
        return painted, cursor.rowcount


def _drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(STAGING)))


def _names() -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in STORED)
