"""DuckDB in this process, with its memory, threads and spill directory bounded."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from lib.engine.base import EngineError

MEMORY_SHARE = 0.4
"""Of the machine's memory; PostgreSQL and the workers need the rest."""
MIB = 1024 * 1024
LEAST_MEMORY_MB = 512


class DuckEngine:
    """An Engine over DuckDB. What does not fit into memory is spilled under `spill_dir` and gone after `close`."""

    def __init__(self, spill_dir: Path, *, memory_mb: int = 0, threads: int = 0) -> None:
        """Open an empty engine. `memory_mb` 0 takes 40 % of the machine, `threads` 0 one for each processor."""
        spill_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._spill = tempfile.TemporaryDirectory(prefix="engine-", dir=spill_dir)
        self._connection = duckdb.connect(
            config={
                "memory_limit": f"{memory_mb or default_memory_mb()}MB",
                "threads": threads or os.cpu_count() or 1,
                "temp_directory": self._spill.name,
                # Files are named by us alone; nothing may be fetched or installed from outside.
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": False,
            }
        )
        self._connection.execute("SET TimeZone = 'UTC'")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give memory and spilled files back."""
        self._connection.close()
        self._spill.cleanup()

    def view(self, name: str, files: Sequence[Path]) -> None:
        """Give Parquet files of one shape a name in SQL.

        Raises EngineError for a file that does not exist or an empty list.
        """
        missing = [file.name for file in files if not file.is_file()]
        if missing or not files:
            raise EngineError(f"No Parquet files for {name}: {', '.join(missing) or 'the list is empty'}.")
        relation = self._connection.read_parquet([str(file) for file in files], union_by_name=True)
        relation.create_view(name, replace=True)

    def run(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that answers nothing, such as one that makes a table."""
        self._execute(statement, parameters)

    def batches(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        """Yield the answer in batches of at most `rows` rows. `$name` in the statement stands for a parameter."""
        try:
            # A relation streams; a cursor's answer would be copied whole first.
            yield from self._connection.sql(statement, params=dict(parameters or {})).to_arrow_reader(rows)
        except duckdb.Error as error:
            raise EngineError(f"{type(error).__name__}: {error}") from error

    def one(self, statement: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """Return the first row of the answer.

        Raises EngineError when there is none.
        """
        rows = self._execute(statement, parameters)
        if not rows:
            raise EngineError("The statement answered no row.")
        return rows[0]

    def _execute(self, statement: str, parameters: Mapping[str, Any] | None) -> list[tuple[Any, ...]]:
        try:
            # Read to the end: a connection with half an answer does nothing else.
            return list(self._connection.execute(statement, dict(parameters or {})).fetchall())
        except duckdb.Error as error:
            raise EngineError(f"{type(error).__name__}: {error}") from error


def default_memory_mb() -> int:
    """Return 40 % of the machine's memory in MiB, at least 512."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB
    return max(LEAST_MEMORY_MB, int(machine * MEMORY_SHARE))
