"""Spark as an engine: the same doors as DuckDB, shared within a process."""

from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from lib.engine import Engine, EngineError
from lib.engine.spark import SparkEngine, running
from lib.spark_settings import SparkConfig
from tests.kits.optional import SMALL_SPARK, needs_spark, spark

__all__ = ["spark"]


@pytest.fixture
def sums(tmp_path: Path) -> list[Path]:
    """Two files of one shape."""
    for number in (1, 2):
        moment = datetime(2026, 1, number)  # noqa: DTZ001 - a release's times are UTC without saying so
        pd.DataFrame({"person": ["a", "b"], "spent": [number, 10 * number], "at": [moment, moment]}).to_parquet(
            tmp_path / f"{number}.parquet"
        )
    return [tmp_path / "1.parquet", tmp_path / "2.parquet"]


@needs_spark
def test_it_answers_sql_over_files(spark: SparkEngine, sums: list[Path]) -> None:
    engine: Engine = spark
    engine.view("sums", sums)
    statement = "select person, sum(spent) as spent from sums where spent > $least group by person order by person"
    answer = pa.Table.from_batches(list(engine.batches(statement, {"least": 1}, rows=1)))
    assert answer.to_pydict() == {"person": ["a", "b"], "spent": [2, 30]}
    assert engine.one("select count(*), max(at) from sums")[0] == 4


@needs_spark
def test_a_table_made_by_a_statement_can_be_asked(spark: SparkEngine, sums: list[Path]) -> None:
    spark.view("sums", sums)
    spark.run("create table people as select distinct person from sums")
    assert spark.one("select count(*) from people") == (2,)
    assert list(spark.folder.glob("tables/people/*.parquet"))


@needs_spark
def test_what_makes_no_sense_is_an_error_in_words(spark: SparkEngine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"nothing\.parquet"):
        spark.view("nothing", [tmp_path / "nothing.parquet"])
    with pytest.raises(EngineError, match="the list is empty"):
        spark.view("nothing", [])
    with pytest.raises(EngineError, match="nowhere"):
        spark.run("select * from nowhere")
    with pytest.raises(EngineError, match="answered no row"):
        spark.one("select 1 where false")
    with pytest.raises(EngineError):
        list(spark.batches("select 1 / (id - id) as broken from range(3)"))


@needs_spark
def test_it_is_shared_within_a_process(spark: SparkEngine) -> None:
    with running(SMALL_SPARK) as same:
        assert same is spark
    assert spark.one("select 1") == (1,)
    with pytest.raises(EngineError, match="already"), running(SparkConfig("local[3]")):
        pass
