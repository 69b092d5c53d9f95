"""Whether Spark can run here: told in words with the remedy, never found out in the middle of the work."""

import os
from pathlib import Path

import pytest

from lib import spark_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A JAVA_HOME whose program the test writes; the library counts as installed."""
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr("lib.optional.importlib.util.find_spec", lambda name: object())
    (tmp_path / "bin").mkdir()
    return tmp_path


def java(home: Path, says: str, code: int = 0) -> None:
    """Write a Java that says so when it is asked for its version."""
    program = home / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n")
    program.chmod(0o755)


def test_a_new_java_will_do(home: Path) -> None:
    java(home, 'openjdk version "17.0.15" 2025-04-15')
    assert spark_settings.why_not() == []
    java(home, 'openjdk version "21" 2023-09-19')
    assert spark_settings.why_not() == []


@pytest.mark.parametrize(
    ("says", "code", "reason"),
    [
        ('openjdk version "11.0.2" 2019-01-15', 0, "Java is too old (openjdk version"),
        ('java version "1.8.0_292"', 0, "Java is too old"),
        ("", 0, "it does not say which"),
        ("no memory", 1, "Java cannot be started"),
    ],
)
def test_an_old_or_broken_java_is_refused_with_its_remedy(home: Path, says: str, code: int, reason: str) -> None:
    java(home, says, code)
    (told,) = spark_settings.why_not()
    assert reason in told
    assert "Java 17 or 21" in told


def test_without_library_and_java_both_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lib.optional.importlib.util.find_spec", lambda name: None)
    library, program = spark_settings.why_not()
    assert "pyspark is not installed" in library
    assert "requirements-spark.txt" in library
    assert "There is no Java" in program
    assert os.environ["PATH"] == str(tmp_path)
