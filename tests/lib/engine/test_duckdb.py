"""The engine reads Parquet, bounds itself, and leaves nothing behind."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lib.engine import DuckEngine, EngineError


def test_files_of_one_shape_are_one_view_and_answers_come_in_batches(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.parquet" for number in range(3)]
    for number, file in enumerate(files):
        pq.write_table(pa.table({"n": [number * 10 + digit for digit in range(10)]}), file)
    with DuckEngine(tmp_path / "spill", memory_mb=256, threads=1) as engine:
        engine.view("numbers", files)
        assert engine.one("select sum(n) from numbers where n >= $least", {"least": 10}) == (390,)
        rows = [row["n"] for batch in engine.batches("from numbers", rows=7) for row in batch.to_pylist()]
    assert sorted(rows) == list(range(30))
    assert list((tmp_path / "spill").iterdir()) == []


def test_a_missing_file_and_a_wrong_statement_are_told(tmp_path: Path) -> None:
    with DuckEngine(tmp_path, memory_mb=256, threads=1) as engine:
        with pytest.raises(EngineError, match=r"nothing\.parquet"):
            engine.view("missing", [tmp_path / "nothing.parquet"])
        with pytest.raises(EngineError, match="empty"):
            engine.view("missing", [])
        with pytest.raises(EngineError):
            engine.run("select nothing from nowhere")
        with pytest.raises(EngineError):
            list(engine.batches("select * from nowhere"))
        with pytest.raises(EngineError, match="no row"):
            engine.one("select 1 where false")


def test_memory_is_bounded(tmp_path: Path) -> None:
    with DuckEngine(tmp_path, memory_mb=256, threads=1) as engine:
        assert engine.one("select current_setting('memory_limit'), current_setting('threads')") == ("244.1 MiB", 1)
