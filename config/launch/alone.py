"""One `make run` in a folder: a second one says who runs and touches nothing."""

import fcntl
import os
from pathlib import Path
from typing import TextIO


class RunsAlready(Exception):
    """Relata runs in this folder already; `process` is whose Ctrl-C ends it."""

    def __init__(self, process: str) -> None:
        super().__init__(process)
        self.process = process

    def __str__(self) -> str:
        """Say it to people."""
        return f"Relata is running in this folder already (process {self.process}). Stop it there with Ctrl-C first."


def alone(path: Path) -> TextIO:
    """Return the lock of this folder, held until it is closed or the process ends, however it does.

    Raises RunsAlready when another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        process = lock.read().strip() or "unknown"
        lock.close()
        raise RunsAlready(process) from None
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
