"""Figures that are kept: worked out by one caller at a time, whoever is slow or dies."""

import threading
import time
import uuid
from collections.abc import Callable

import pytest
from django.core.cache import cache

from lib import kept


@pytest.fixture
def name() -> str:
    """A figure nobody else works out."""
    return f"test:{uuid.uuid4()}"


def at_once(count: int, ask: Callable[[], int]) -> list[int]:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(ask())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_many_who_ask_at_once_cost_one_computation_and_get_the_same(name: str) -> None:
    worked = []

    def work_out() -> int:
        worked.append(1)
        time.sleep(0.1)
        return 7

    assert at_once(6, lambda: kept.kept(name, 60, work_out)) == [7] * 6
    assert len(worked) == 1


def test_whoever_comes_while_a_figure_is_renewed_gets_the_one_before_at_once(name: str) -> None:
    kept.kept(name, 60, lambda: 1)
    began, go_on = threading.Event(), threading.Event()

    def slow() -> int:
        began.set()
        go_on.wait(10)
        return 2

    renewing = threading.Thread(target=lambda: kept.kept(name, -1, slow))
    renewing.start()
    began.wait(10)
    assert kept.kept(name, -1, lambda: 3) == 1
    go_on.set()
    renewing.join()
    assert kept.kept(name, 60, lambda: 3) == 2


def test_a_computation_that_fails_opens_the_lock(name: str) -> None:
    def fails() -> int:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        kept.kept(name, 60, fails)
    assert kept.kept(name, 60, lambda: 4) == 4


def test_who_was_slower_than_the_lock_holds_opens_nobody_elses_and_overwrites_nothing(name: str) -> None:
    lock = kept._lock(name)

    def slower_than_the_lock() -> int:
        cache.set(lock, "somebody else's", 60)
        return 1

    assert kept.kept(name, 60, slower_than_the_lock) == 1
    assert cache.get(lock) == "somebody else's"
    assert cache.get(kept._key(name)) is None
    cache.delete(lock)
    assert kept.kept(name, 60, lambda: 2) == 2
