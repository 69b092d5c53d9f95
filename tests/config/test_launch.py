"""The foreground process group: names on output, bounded restarts, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.launch import prepare
from config.launch.processes import RESTARTS, GroupError, LaunchedProgram, ProcessGroup

PROJECT = Path(__file__).resolve().parents[2]
STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    time.sleep(600)
print("pids", os.getpid(), flush=True)
time.sleep(600)
"""
LAUNCHER = """
import os, sys
from pathlib import Path
from config.launch.processes import LaunchedProgram, ProcessGroup
group = ProcessGroup(Path(sys.argv[1]), dict(os.environ), Path.cwd())
group.start(LaunchedProgram("sleeper", ["/bin/sleep", "600"]))
print(group.children["sleeper"].process.pid, flush=True)
while group.step(10):
    pass
"""


@pytest.fixture
def group(tmp_path: Path) -> ProcessGroup:
    """A group that logs into a directory of its own."""
    return ProcessGroup(tmp_path, dict(os.environ), tmp_path)


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone_within(seconds: float, pid: int) -> bool:
    """Wait until the process has ended."""
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


def python(code: str) -> list[str]:
    """The command line that runs this code."""
    return [sys.executable, "-c", code]


def session_of(pid: int) -> list[int]:
    """The processes of the session this process leads."""
    every = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [other for other in every if alive(other) and os.getsid(other) == pid]


def test_output_is_shown_with_its_name_and_kept(
    group: ProcessGroup, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    group.start(LaunchedProgram("greeter", python("import time; print('hello', flush=True); time.sleep(600)")))
    until = time.monotonic() + 10
    while not (tmp_path / "greeter.log").exists() or not (tmp_path / "greeter.log").read_text():
        assert time.monotonic() < until
        group.step(0.05)
    group.stop()
    assert "greeter | hello" in capsys.readouterr().out
    assert (tmp_path / "greeter.log").read_text() == "hello\n"


def test_a_child_that_will_not_end_is_killed_with_its_children_within_five_seconds(
    group: ProcessGroup, tmp_path: Path
) -> None:
    group.start(LaunchedProgram("stubborn", python(STUBBORN)))
    until = time.monotonic() + 10
    while not (tmp_path / "stubborn.log").exists() or "pids" not in (tmp_path / "stubborn.log").read_text():
        assert time.monotonic() < until
        group.step(0.05)
    pids = session_of(group.children["stubborn"].process.pid)
    assert len(pids) == 2
    begun = time.monotonic()
    group.stop()
    assert time.monotonic() - begun < 5
    assert all(gone_within(1, pid) for pid in pids)


def test_a_child_that_ends_is_started_again_until_it_ends_too_often(
    group: ProcessGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.launch.processes.PAUSE", 0.0)
    group.start(LaunchedProgram("brief", ["/bin/false"]))
    with pytest.raises(GroupError, match="brief keeps ending with code 1"):
        while group.step(10):
            assert len(group.children["brief"].ends) <= RESTARTS
    group.stop()


def test_children_end_when_their_launcher_is_killed(tmp_path: Path) -> None:
    launcher = subprocess.Popen([*python(LAUNCHER), str(tmp_path)], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert launcher.stdout is not None
    child = int(launcher.stdout.readline())
    assert alive(child)
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    assert gone_within(5, child)


def test_a_program_runs_to_its_end_beside_the_others(group: ProcessGroup) -> None:
    assert group.run_once("three", python("import sys; sys.exit(3)")) == 3
    assert group.children == {}


def test_a_request_to_stop_ends_the_waiting(group: ProcessGroup) -> None:
    group.start(LaunchedProgram("sleeper", ["/bin/sleep", "600"]))
    group.listen()
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        assert group.step(10) is False
        assert group.run_once("late", ["/bin/sleep", "600"]) is None
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        group.stop()


def test_a_busy_port_is_one_clear_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        number = busy.getsockname()[1]
        asked = subprocess.run(
            [sys.executable, "config/launch/prepare.py", "--port"],
            cwd=PROJECT,
            env={**os.environ, "PORT": str(number), "HOST": "127.0.0.1"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert asked.returncode == 1
    assert asked.stderr.count("\n") == 1
    assert f"Port {number} on 127.0.0.1 cannot be used" in asked.stderr


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", text)
    with pytest.raises(prepare.Unprepared, match="PORT must be a number"):
        prepare.port()
