"""Serve the house as `make run` does, for as long as a benchmark asks it."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STARTING = 120.0
"""Seconds the web processes may take to answer."""


@contextlib.contextmanager
def served() -> Iterator[tuple[int, int]]:
    """Serve on a free port of the loopback until the block ends; yield the port and the process.

    Django is set up. Raises RuntimeError when nobody answers in time.
    """
    from config.launch.foreground import programs  # noqa: PLC0415  (settings first)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    # Static files are not what is measured: nobody collected them.
    environment = {**os.environ, "HASHED_STATIC": "0"}
    server = subprocess.Popen(programs("127.0.0.1", port)[0].command, cwd=ROOT, env=environment)
    try:
        _await(port)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(30)


def _await(port: int) -> None:
    until = time.monotonic() + STARTING
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"Nobody answers on port {port}.")
