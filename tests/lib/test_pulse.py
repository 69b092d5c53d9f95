"""Signs of life come while work lasts, whatever happens to one of them, and end with it."""

import threading
import time
from typing import Any

import pytest

from lib import pulse
from lib.pulse import beating


def test_beats_come_while_the_block_runs_and_none_after_it() -> None:
    third = threading.Event()
    beats: list[str] = []

    def beat() -> None:
        beats.append(threading.current_thread().name)
        if len(beats) >= 3:
            third.set()

    with beating(beat, every=0.01):
        assert third.wait(20)
    counted = len(beats)
    time.sleep(0.05)
    assert len(beats) == counted
    assert set(beats) == {"pulse"}


def test_short_work_gives_no_sign() -> None:
    beats: list[int] = []
    with beating(lambda: beats.append(1)):
        pass
    assert beats == []


def test_a_beat_that_fails_is_logged_and_the_next_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulse.log, "exception", lambda text, *values: told.append(text % values))
    second = threading.Event()
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        if len(beats) == 1:
            raise OSError("the database is away")
        second.set()

    with beating(beat, every=0.01):
        assert second.wait(20)
    assert told == ["A sign of life could not be given; the next is tried in 0 s."]


def test_the_pulse_ends_when_the_work_fails() -> None:
    before = threading.active_count()
    with pytest.raises(KeyError), beating(_nothing, every=0.01):
        raise KeyError("work")
    assert threading.active_count() == before


def _nothing(*_: Any) -> None:
    """Say nothing."""
