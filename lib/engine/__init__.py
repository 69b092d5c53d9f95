"""Run SQL over Parquet files: one small interface, and the engine that runs in this process."""

from lib.engine.base import Engine, EngineError
from lib.engine.duckdb import DuckEngine

__all__ = ["DuckEngine", "Engine", "EngineError"]
