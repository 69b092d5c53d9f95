"""As whom a child process runs, and that it ends with the process that started it."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from lib.embedded import unprivileged


@dataclass(frozen=True)
class ServerIdentity:
    """How and as whom a server runs; the modes are those of `unprivileged`."""

    mode: str
    uid: int

    def command(self, *command: str, ends_with: signal.Signals = signal.SIGKILL) -> list[str]:
        """Return the command line that runs `command` under this identity, tied to the life of this process."""
        script = str(Path(unprivileged.__file__))
        wrapper = [sys.executable, "-I", "-S", script, self.mode, str(self.uid), str(os.getpid()), str(int(ends_with))]
        return [*wrapper, *command]


def ourselves() -> ServerIdentity:
    """The identity that changes nothing."""
    return ServerIdentity("same", os.geteuid())
