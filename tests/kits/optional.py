"""Marks for tests that need a library only some installations have; each says which file brings it."""

from collections.abc import Iterator

import pytest

from lib import optional, spark_settings
from lib.engine.spark import SparkEngine, running
from lib.spark_settings import SparkConfig

needs_torch = pytest.mark.skipif(
    optional.why_not("torch", "") is not None, reason="PyTorch is not installed (requirements-neural.txt)"
)
needs_spark = pytest.mark.skipif(
    bool(spark_settings.why_not()), reason="Spark or Java is not installed (requirements-spark.txt)"
)

SMALL_SPARK = SparkConfig("local[2]", memory_mb=1024)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkEngine]:
    """One small Spark for all tests of a module."""
    with running(SMALL_SPARK) as engine:
        yield engine
