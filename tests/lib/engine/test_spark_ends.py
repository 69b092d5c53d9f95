"""How Spark begins and ends: it is refused where it is not, and leaves nothing behind."""

import os
from pathlib import Path

import pytest

from lib import optional
from lib.engine import EngineError
from lib.engine.spark import running
from lib.spark_settings import SparkConfig
from tests.kits.optional import needs_spark


@needs_spark
def test_afterwards_neither_java_nor_files_are_left(tmp_path: Path) -> None:
    with running(SparkConfig("local[1]", memory_mb=512, folder=tmp_path / "made")) as engine:
        engine.table("numbers", {"number": [1, 2]})
        java = engine.session.sparkContext._gateway.proc.pid
        os.kill(java, 0)
        assert engine.folder.parent == tmp_path / "made"
        assert engine.folder.stat().st_mode & 0o077 == 0
    assert not list((tmp_path / "made").iterdir())
    with pytest.raises(ProcessLookupError):
        os.kill(java, 0)


@needs_spark
def test_a_master_that_makes_no_sense_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(EngineError, match="Spark does not start at nowhere"),
        running(SparkConfig("nowhere", 512, tmp_path)),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_without_spark_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lib.engine.spark.why_not", lambda: ["no Spark here", "no Java here"])
    with (
        pytest.raises(optional.Missing, match="no Spark here no Java here"),
        running(SparkConfig(folder=tmp_path / "made")),
    ):
        pass
    assert not (tmp_path / "made").exists()
