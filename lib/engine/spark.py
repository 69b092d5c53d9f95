"""Spark: the same SQL over Parquet and MLlib, on this machine or on a cluster, behind one door.

Data goes in and comes out as Parquet files in a folder that every worker sees, so that workers need no Python and
nothing is pickled. Learners and statements share one running engine, since a process can have only one.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from lib import optional
from lib.engine.base import EngineError
from lib.spark_settings import ADVICE, SparkConfig, why_not

STOP_SECONDS = 30.0


class SparkEngine:
    """An Engine over Spark. What it writes lies in a folder of its own that is gone after it is closed."""

    def __init__(self, config: SparkConfig) -> None:
        """Start Spark. Raises lib.optional.Missing where Spark or Java is, EngineError where it does not start."""
        if reasons := why_not():
            raise optional.Missing(" ".join(reasons))
        self.config = config
        if config.folder:
            config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._own = tempfile.TemporaryDirectory(prefix="spark-", dir=config.folder)
        self.folder = Path(self._own.name)
        sql = optional.module("pyspark.sql", ADVICE)
        builder = sql.SparkSession.builder.appName("Relata")
        for key, value in self._settings().items():
            builder = builder.config(key, value)
        try:
            self.session = builder.getOrCreate()
        except Exception as error:
            self._own.cleanup()
            _end_java()
            raise EngineError(f"Spark does not start at {config.master}: {error}") from error
        self.session.sparkContext.setLogLevel("ERROR")

    def _settings(self) -> dict[str, str]:
        local = {
            # nobody but this process talks to a Spark that runs in it
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(self.folder / "spilled"),
            "spark.sql.shuffle.partitions": "8",
        }
        return {
            "spark.master": self.config.master,
            "spark.driver.memory": f"{self.config.memory_mb}m",
            "spark.sql.warehouse.dir": (self.folder / "tables").as_uri(),
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        } | (local if self.config.master.startswith("local") else {})

    def close(self) -> None:
        """Stop Spark, end its Java and remove what was written."""
        try:
            self.session.stop()
        finally:
            _end_java()
            self._own.cleanup()

    def view(self, name: str, files: Sequence[Path]) -> None:
        """Give Parquet files of one shape a name in SQL.

        Raises EngineError for a file that does not exist or an empty list.
        """
        missing = [file.name for file in files if not file.is_file()]
        if missing or not files:
            raise EngineError(f"No Parquet files for {name}: {', '.join(missing) or 'the list is empty'}.")
        frame = self.session.read.option("mergeSchema", "true").parquet(*(file.resolve().as_uri() for file in files))
        frame.createOrReplaceTempView(name)

    def table(self, name: str, columns: Mapping[str, Any]) -> Any:
        """Write arrays of equal length to a Parquet file, give it the name in SQL, and return it as a frame."""
        file = self.folder / f"{name}.parquet"
        pyarrow.parquet.write_table(pa.table(dict(columns)), file, row_group_size=1_000_000)
        self.view(name, [file])
        return self.session.table(name)

    def run(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that answers nothing, such as one that makes a table."""
        self._frame(statement, parameters)

    def batches(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        """Yield the answer in batches of at most `rows` rows. `$name` in the statement stands for a parameter."""
        yield from self.fetch(self._frame(statement, parameters), rows=rows)

    def fetch(self, frame: Any, *, rows: int = 50_000) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a frame of Spark in batches, by way of Parquet files."""
        with tempfile.TemporaryDirectory(prefix="answer-", dir=self.folder) as folder:
            try:
                frame.write.mode("overwrite").parquet(Path(folder).as_uri())
            except _errors() as error:
                raise EngineError(f"{type(error).__name__}: {error}") from error
            for file in sorted(Path(folder).glob("*.parquet")):
                yield from pyarrow.parquet.ParquetFile(file).iter_batches(batch_size=rows)

    def one(self, statement: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """Return the first row of the answer.

        Raises EngineError when there is none.
        """
        try:
            row = self._frame(statement, parameters).first()
        except _errors() as error:
            raise EngineError(f"{type(error).__name__}: {error}") from error
        if row is None:
            raise EngineError("The statement answered no row.")
        return tuple(row)

    def _frame(self, statement: str, parameters: Mapping[str, Any] | None) -> Any:
        given = dict(parameters or {})
        # Spark marks a parameter by a colon
        marked = re.sub(r"\$(\w+)", lambda found: f":{found[1]}" if found[1] in given else found[0], statement)
        try:
            return self.session.sql(marked, args=given)
        except _errors() as error:
            raise EngineError(f"{type(error).__name__}: {error}") from error


def _errors() -> tuple[type[Exception], ...]:
    """What Spark raises for a statement or files it cannot do anything with."""
    spark = optional.module("pyspark.errors", ADVICE)
    java = optional.module("py4j.protocol", ADVICE)
    return spark.PySparkException, java.Py4JError


def _end_java() -> None:
    """End the Java process that pyspark leaves running after a stop, so that its memory is given back."""
    context = optional.module("pyspark", ADVICE).SparkContext
    gateway, context._gateway, context._jvm = context._gateway, None, None
    if gateway is None:
        return
    gateway.shutdown()
    # Java waits for the end of its input
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()


_running: list[SparkEngine] = []
"""The engine of this process, or nothing."""


@contextmanager
def running(config: SparkConfig) -> Iterator[SparkEngine]:
    """The running engine: started by the outermost `with` of the process, shared by those within, closed by it.

    Raises as SparkEngine, and EngineError where one with another configuration is running.
    """
    if _running:
        if _running[0].config != config:
            raise EngineError(f"Spark runs at {_running[0].config.master} already, with another configuration.")
        yield _running[0]
        return
    engine = SparkEngine(config)
    _running.append(engine)
    try:
        yield engine
    finally:
        _running.clear()
        engine.close()
