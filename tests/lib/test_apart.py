"""Work on what strangers wrote ends within its limits, and ends nothing but its own process."""

import ctypes
import os
import time
from pathlib import Path
from typing import Any

import pytest

from lib.apart import Apart, Limits, NotDone, Why

LIMITS = Limits(cpu_seconds=1, wall_seconds=1.5, megabytes=64)


def work(job: Any) -> Any:
    """Do what a test asks for, in the process apart."""
    match job:
        case "spin":
            while True:
                pass
        case "sleep":
            time.sleep(60)
        case "fill":
            return len(bytearray(1 << 30))
        case "crash":
            return ctypes.string_at(0)
        case "raise":
            raise ValueError("secret")
        case "secrets":
            return sorted(os.environ)
        case "write":
            Path("/tmp/relata-apart").write_text("x")  # noqa: S108 - it must fail
        case "print":
            print("not an answer")  # noqa: T201
    return [os.getpid(), job]


@pytest.fixture(scope="module")
def apart() -> Apart:
    made = Apart("tests.lib.test_apart:work", LIMITS)
    made.ask("warm")
    return made


@pytest.mark.parametrize(
    ("job", "why"),
    [
        ("spin", Why.TIME),
        ("sleep", Why.TIME),
        ("fill", Why.MEMORY),
        ("crash", Why.CRASH),
        ("raise", Why.CRASH),
        ("write", Why.CRASH),
    ],
)
def test_a_job_that_goes_wrong_says_why_and_the_next_is_done(apart: Apart, job: str, why: Why) -> None:
    began = time.monotonic()
    with pytest.raises(NotDone) as failed:
        apart.ask(job)
    assert failed.value.why == why
    assert time.monotonic() - began < 5
    assert apart.ask("next")[1] == "next"


def test_each_job_has_a_process_of_its_own(apart: Apart) -> None:
    processes = {apart.ask("x")[0] for _ in range(3)}
    assert len(processes) == 3 and os.getpid() not in processes


def test_the_process_holds_no_settings(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "x")
    assert set(apart.ask("secrets")) <= {"PATH", "LANG", "LC_ALL", "LC_CTYPE"}


def test_large_answers_and_prints_do_not_mix(apart: Apart) -> None:
    long = "x" * 1_000_000
    assert apart.ask(long)[1] == long
    assert apart.ask("print")[1] == "print"


def test_a_killed_process_is_replaced(apart: Apart) -> None:
    process = apart._process
    assert process is not None
    process.kill()
    process.wait()
    assert apart.ask("again")[1] == "again"


def test_a_fork_of_the_asker_does_not_speak_over_its_pipes(apart: Apart) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0 if apart.ask("child")[1] == "child" else 1)
    assert apart.ask("parent")[1] == "parent"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
