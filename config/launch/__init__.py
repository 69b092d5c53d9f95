"""`make run`: everything of Relata in one foreground process group."""

from config.launch.foreground import run

__all__ = ["run"]
