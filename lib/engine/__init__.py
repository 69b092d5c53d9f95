"""Run SQL over Parquet files: one small interface, the engine that runs in this process, and Spark beside it."""

from lib.engine.base import Engine, EngineError
from lib.engine.duckdb import DuckEngine

__all__ = ["DuckEngine", "Engine", "EngineError"]
