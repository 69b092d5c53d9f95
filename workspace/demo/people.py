"""The customers of the demo shop: six kinds of habit, planted so that tests can check whether they are found."""

from dataclasses import dataclass

import numpy as np

from workspace.demo.catalog import DEPARTMENTS, STYLES

HISTORY_DAYS = 540
"""The shop has been open for so many days."""


@dataclass(frozen=True)
class Habit:
    """One kind of customer. Days count back from today; a range is drawn uniformly."""

    name: str
    share: float
    gap_days: tuple[float, float]
    first_day: tuple[float, float]
    last_day: tuple[float, float]
    lines: float
    """Mean number of further lines in a basket, beside the first."""
    price: float
    """Price level aimed at: 0 the cheapest of the department, 1 the dearest."""
    weekend: float
    evening: float
    departments: int
    channel: str


HABITS = (
    Habit("regular", 0.22, (14, 26), (300, 540), (0, 0), 1.4, 0.5, 0.25, 0.5, 2, "web"),
    Habit("big spender", 0.09, (24, 38), (300, 540), (0, 0), 4.5, 0.88, 0.25, 0.6, 5, "web"),
    Habit("weekend bargain hunter", 0.20, (26, 42), (250, 540), (0, 0), 0.7, 0.12, 0.96, 0.2, 2, "store"),
    Habit("fading regular", 0.15, (14, 26), (420, 540), (110, 170), 1.4, 0.5, 0.25, 0.5, 2, "app"),
    Habit("lapsed", 0.21, (60, 90), (230, 520), (220, 500), 0.4, 0.45, 0.28, 0.4, 1, "web"),
    Habit("newcomer", 0.13, (12, 30), (3, 45), (0, 0), 0.8, 0.5, 0.28, 0.6, 1, "app"),
)
HABIT_NAMES = tuple(habit.name for habit in HABITS)


@dataclass(frozen=True)
class DemoPeople:
    """A chunk of customers as arrays, one entry each. `first_day` and `last_day` count back from today."""

    number: np.ndarray
    habit: np.ndarray
    gap: np.ndarray
    first_day: np.ndarray
    last_day: np.ndarray
    hour: np.ndarray
    taste: np.ndarray
    """(people, departments): how much of the basket comes from each; rows sum to 1."""
    style: np.ndarray
    """(people, departments): the style preferred there."""
    chinese: np.ndarray


def draw(first: int, count: int, seed: int = 7) -> DemoPeople:
    """Return customers `first` to `first + count - 1`; the same for the same numbers and seed."""
    rng = np.random.default_rng([seed, 2, first])
    habit = rng.choice(len(HABITS), count, p=[h.share for h in HABITS])

    def between(low: list[float], high: list[float]) -> np.ndarray:
        return rng.uniform(np.array(low)[habit], np.array(high)[habit])

    oldest = between([h.first_day[0] for h in HABITS], [h.first_day[1] for h in HABITS])
    latest = between([h.last_day[0] for h in HABITS], [h.last_day[1] for h in HABITS])
    taste = np.full((count, len(DEPARTMENTS)), 0.015)
    order = np.argsort(rng.random((count, len(DEPARTMENTS))), axis=1)
    breadth = np.array([h.departments for h in HABITS])[habit]
    for place in range(int(breadth.max())):
        rows = np.flatnonzero(breadth > place)
        taste[rows, order[rows, place]] += 1.0 / (1 + place * 0.6)
    evening = rng.random(count) < np.array([h.evening for h in HABITS])[habit]
    return DemoPeople(
        number=np.arange(first, first + count),
        habit=habit,
        gap=between([h.gap_days[0] for h in HABITS], [h.gap_days[1] for h in HABITS]),
        first_day=oldest,
        last_day=np.minimum(latest, oldest),
        hour=np.where(evening, rng.integers(18, 23, count), rng.integers(8, 17, count)),
        taste=taste / taste.sum(axis=1, keepdims=True),
        style=rng.integers(0, STYLES, (count, len(DEPARTMENTS))),
        chinese=rng.random(count) < 0.4,
    )
