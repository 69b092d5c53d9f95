"""Two walks round the circle never run at once, and the lock of one lasts as long as it walks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache

from workspace.circle import walk as circle


def test_a_walk_under_way_renews_its_lock_and_turns_others_away(monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[Callable[[], Any]] = []
    others: list[bool] = []

    @contextmanager
    def caught(beat: Callable[[], Any]) -> Iterator[None]:
        beats.append(beat)
        yield

    def walked(announce: circle.Announce) -> circle.Walk:
        assert beats[0]()
        others.append(circle.walk().busy)
        return circle.Walk()

    monkeypatch.setattr(circle, "beating", caught)
    monkeypatch.setattr(circle, "_walk", walked)
    cache.delete("circle")
    assert not circle.walk().busy
    assert others == [True]
    assert not beats[0]()
    assert not circle.walk().busy
