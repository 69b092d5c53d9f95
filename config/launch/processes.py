"""A group of child processes in the foreground: output with names, bounded restarts, and an end that is an end."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from lib import embedded

# How often one child may end by itself within the window (seconds) before the group gives up.
RESTARTS = 5
WINDOW = 300.0
PAUSE = 1.0
# Seconds a child has to end by itself, and then to end at once, before it is killed.
GENTLE = 1.2
FIRM = 0.5
COLORS = (36, 33, 32, 35, 34)


@dataclass(frozen=True)
class LaunchedProgram:
    """One program of the group and the signals it ends by: in order, and in a hurry."""

    name: str
    command: list[str]
    gentle: signal.Signals = signal.SIGTERM
    firm: signal.Signals = signal.SIGQUIT


@dataclass(frozen=True)
class Ended:
    """A child ended."""

    name: str
    code: int


@dataclass(frozen=True)
class StopAsked:
    """Somebody asked the group to stop, by this signal."""

    number: int


@dataclass
class Child:
    """A running program; `ends` are the times at which it ended by itself."""

    program: LaunchedProgram
    process: subprocess.Popen[bytes]
    ends: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS + 1))


class GroupError(Exception):
    """The group cannot go on; the message says why."""


class ProcessGroup:
    """Runs programs until asked to stop. All its methods are for the main thread."""

    def __init__(self, log_dir: Path, environment: dict[str, str], directory: Path) -> None:
        self.log_dir = log_dir
        self.environment = environment
        self.directory = directory
        self.children: dict[str, Child] = {}
        self.events: queue.Queue[Ended | StopAsked] = queue.Queue()
        self.stopping = False
        self.color = sys.stdout.isatty()

    def listen(self) -> None:
        """Turn SIGINT, SIGTERM and SIGHUP into events, from now on."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked)

    def _asked(self, number: int, frame: object) -> None:
        self.stopping = True
        # A signal may arrive while the queue's lock is held, so the event is put by another thread.
        threading.Thread(target=self.events.put, args=(StopAsked(number),), daemon=True).start()

    def start(self, program: LaunchedProgram) -> None:
        """Start a program whose output is shown with its name and kept in `<name>.log`."""
        process = subprocess.Popen(
            embedded.bound(*program.command, ends_with=program.firm),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
            cwd=self.directory,
            start_new_session=True,
        )
        known = self.children.get(program.name)
        self.children[program.name] = Child(program, process, known.ends) if known else Child(program, process)
        threading.Thread(target=self._follow, args=(program.name, process), daemon=True).start()

    def _follow(self, name: str, process: subprocess.Popen[bytes]) -> None:
        output: IO[bytes] | None = process.stdout
        with (self.log_dir / f"{name}.log").open("ab", buffering=0) as log:
            for line in output or ():
                log.write(line)
                self.show(name, line.decode(errors="replace").rstrip())
        self.events.put(Ended(name, process.wait()))

    def show(self, name: str, line: str) -> None:
        """Print a line with the name of the program it is from."""
        label = f"{name:<8}|"
        if self.color:
            shade = COLORS[sum(name.encode()) % len(COLORS)]
            label = f"\x1b[{shade}m{label}\x1b[0m"
        sys.stdout.write(f"{label} {line}\n")
        sys.stdout.flush()

    def run_once(self, name: str, command: list[str]) -> int | None:
        """Run a program to its end with its output on our terminal, while the others run; returns its exit code.

        None when the group was asked to stop before. Raises GroupError as `step` does.
        """
        process = subprocess.Popen(
            embedded.bound(*command),
            stdin=subprocess.DEVNULL,
            env=self.environment,
            cwd=self.directory,
            start_new_session=True,
        )
        self.children[name] = Child(LaunchedProgram(name, command), process)
        try:
            while process.poll() is None:
                if not self.step(0.1):
                    return None
        finally:
            if process.poll() is not None:
                del self.children[name]
        return process.returncode

    def step(self, seconds: float) -> bool:
        """Wait for at most so many seconds and deal with what happens; returns False when asked to stop.

        Raises GroupError when a program ends too often.
        """
        until = time.monotonic() + seconds
        while not self.stopping:
            try:
                event = self.events.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return True
            if isinstance(event, StopAsked):
                return False
            self._revive(event)
        return False

    def _revive(self, event: Ended) -> None:
        child = self.children[event.name]
        child.ends.append(time.monotonic())
        if len(child.ends) > RESTARTS and child.ends[-1] - child.ends[0] < WINDOW:
            log = self.log_dir / f"{event.name}.log"
            raise GroupError(f"{event.name} keeps ending with code {event.code}; its last words are in {log}.")
        self.show("relata", f"{event.name} ended with code {event.code} and is started again")
        # A child whose process group outlived it must not meet its successor.
        self._signal(child, signal.SIGKILL)
        time.sleep(PAUSE if len(child.ends) > 1 else 0)
        self.start(child.program)

    def stop(self) -> None:
        """End every child and whatever it started, within GENTLE + FIRM seconds and a little."""
        self.stopping = True
        for child in self.children.values():
            if child.process.poll() is None:
                child.process.send_signal(child.program.gentle)
        self._wait(GENTLE)
        for child in self.children.values():
            if child.process.poll() is None:
                child.process.send_signal(child.program.firm)
        self._wait(FIRM)
        for child in self.children.values():
            self._signal(child, signal.SIGKILL)
            child.process.wait()

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(child.process.poll() is None for child in self.children.values()):
            time.sleep(0.02)

    def _signal(self, child: Child, number: signal.Signals) -> None:
        try:
            # The child leads a session of its own, so its group is all it started.
            os.killpg(child.process.pid, number)
        except ProcessLookupError:
            return
