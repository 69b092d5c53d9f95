"""What any engine that runs SQL over Parquet must do."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa


class EngineError(Exception):
    """The engine cannot read the files or run the statement; the message says which."""


class Engine(Protocol):
    """SQL over named views of Parquet files, results as Arrow batches, so that memory stays flat."""

    def view(self, name: str, files: Sequence[Path]) -> None:
        """Give Parquet files of one shape a name in SQL.

        Raises EngineError for a file that does not exist or an empty list.
        """

    def run(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that answers nothing, such as one that makes a table."""

    def batches(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        """Yield the answer in batches of at most `rows` rows. `$name` in the statement stands for a parameter."""

    def one(self, statement: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """Return the first row of the answer.

        Raises EngineError when there is none.
        """
