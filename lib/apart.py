"""Do a piece of work in a process of its own, with limits of time and memory: for work on what strangers wrote.

A warm process has the code imported and forks for every job: a job costs milliseconds and leaves nothing behind. Jobs
and answers are JSON. The process gets no settings, no secrets, and no database: there is nothing in it to steal.
"""

import contextlib
import gc
import importlib
import json
import logging
import math
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parent.parent
HEAD = struct.Struct(">I")
LARGEST = 16 * 1024 * 1024
"""Bytes of an answer."""
STARTING = 30.0
"""Seconds the warm process may take to import its code, and a little to answer beyond a job's own time."""
Target = Callable[[Any], Any]


class Why(StrEnum):
    """Why a job was not done."""

    TIME = "time"
    MEMORY = "memory"
    CRASH = "crash"
    BUSY = "busy"


class NotDone(Exception):
    """A job hit a limit or ended its process; `why` says which."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True)
class Limits:
    """What one job may use."""

    cpu_seconds: int
    wall_seconds: float
    megabytes: int
    """Memory beyond what the warm process holds already."""


class Apart:
    """A warm process for one kind of work, started when first asked; threads take turns."""

    def __init__(self, target: str, limits: Limits) -> None:
        """Name the work (`module:function`) and what one job may use."""
        self.target, self.limits = target, limits
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        # A fork of this process must not speak over its parent's pipes.
        os.register_at_fork(after_in_child=self._forget)

    def ask(self, job: object) -> Any:
        """Return what the function answers to a job.

        Raises NotDone when it took too much or ended its process, or when others are in front for too long.
        """
        if not self._lock.acquire(timeout=self.limits.wall_seconds):
            raise NotDone(Why.BUSY)
        try:
            answer = self._answer(json.dumps(job).encode())
        finally:
            self._lock.release()
        if "failed" in answer:
            logger.warning("a job of %s was not done: %s %s", self.target, answer["failed"], answer.get("of", ""))
            raise NotDone(Why(answer["failed"]))
        return answer["done"]

    def _answer(self, job: bytes) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        try:
            _write(process.stdin.fileno(), job)
            answer = _read(process.stdout.fileno(), time.monotonic() + STARTING + self.limits.wall_seconds)
        except (OSError, EOFError) as error:
            self._end()
            raise NotDone(Why.CRASH) from error
        found: dict[str, Any] = json.loads(answer)
        return found

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lib.apart", self.target, *(str(limit) for limit in astuple(self.limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=PROJECT,
            env=kept,
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._process = None


def _write(descriptor: int, text: bytes) -> None:
    left = memoryview(HEAD.pack(len(text)) + text)
    while left:
        left = left[os.write(descriptor, left) :]


def _read(descriptor: int, until: float) -> bytes:
    size = HEAD.unpack(_exactly(descriptor, HEAD.size, until))[0]
    return _exactly(descriptor, size, until)


def _exactly(descriptor: int, count: int, until: float) -> bytes:
    """Read so many bytes. Raises EOFError at the end or when time is over."""
    found = bytearray()
    while len(found) < count:
        piece = _some(descriptor, count - len(found), until)
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)


def _some(descriptor: int, most: int, until: float) -> bytes | None:
    """Read what there is, b"" at the end, None when time is over first."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    left = None if until == math.inf else max(0.0, until - time.monotonic()) * 1000
    if not waiting.poll(left):
        return None
    return os.read(descriptor, min(most, 1 << 20))


# --- Inside the warm process -----------------------------------------------------------------------------------------


def serve(target: str, limits: Limits) -> None:
    """Answer jobs until nobody is there to ask."""
    # Whoever interrupts the asker does not mean this process, which ends when nobody can ask any more.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    module, name = target.split(":")
    function: Target = getattr(importlib.import_module(module), name)
    gc.collect()
    gc.freeze()
    held = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    ceiling = held + limits.megabytes * 1024 * 1024
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            job = _read(0, math.inf)
            _write(1, _forked(function, job, limits, ceiling))


def _forked(function: Target, job: bytes, limits: Limits, ceiling: int) -> bytes:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work(function, job, writing, limits, ceiling)
    os.close(writing)
    until = time.monotonic() + limits.wall_seconds
    answer, late = bytearray(), False
    while len(answer) <= LARGEST:
        piece = _some(reading, LARGEST, until)
        if not piece:
            late = piece is None
            break
        answer += piece
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if late or status == -signal.SIGXCPU:
        return json.dumps({"failed": Why.TIME}).encode()
    # JSON has no line breaks, so this one is the end of a whole answer, however the process ended after it.
    return bytes(answer) if answer.endswith(b"\n") else json.dumps({"failed": Why.CRASH, "of": status}).encode()


def _work(function: Target, job: bytes, writing: int, limits: Limits, ceiling: int) -> None:
    """Do one job in the fork and end it; nothing of the warm process's own end runs here."""
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(nowhere, 1)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(_outcome(function, job)).encode() + b"\n")
    finally:
        os._exit(0)


def _outcome(function: Target, job: bytes) -> dict[str, Any]:
    try:
        return {"done": function(json.loads(job))}
    except MemoryError:
        return {"failed": Why.MEMORY}
    except Exception as error:
        # Its name only: its text could hold what the stranger wrote.
        return {"failed": Why.CRASH, "of": type(error).__name__}


if __name__ == "__main__":
    serve(sys.argv[1], Limits(int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
