"""What the demo shop's customers did: orders in their rhythm, departments, style and price level."""

from dataclasses import dataclass

import numpy as np

from workspace.demo.catalog import DEPARTMENTS, STYLES, Shelves
from workspace.demo.people import HABITS, DemoPeople

DAY = 86_400
PRICE_LEVELS = 4
IN_STYLE = 0.8
"""Share of purchases in the customer's own style of the department."""
AGAIN = 0.45
"""Share of lines in repeatable departments that buy an earlier product again."""
TOGETHER = 0.35
"""Share of further lines that are the companion of the line before: the product next to it in its style."""


@dataclass(frozen=True)
class DemoInteractions:
    """Interactions as arrays: `person` is an index into the chunk, `moment` seconds before the history's end."""

    person: np.ndarray
    kind: np.ndarray
    """0 order, 1 view, 2 cart."""
    product: np.ndarray
    quantity: np.ndarray
    order: np.ndarray
    moment: np.ndarray


KINDS = ("order", "view", "cart")


class Shop:
    """Draws products by department, style and price level from precomputed odds."""

    def __init__(self, shelves: Shelves) -> None:
        """Keep the shelves; `prepare` computes the odds."""
        self.shelves = shelves
        self.odds: dict[tuple[int, int, int], tuple[np.ndarray, np.ndarray]] = {}

    def prepare(self) -> "Shop":
        """Compute, for each department, style and price level, the cumulative odds of its products."""
        s = self.shelves
        for department in range(len(DEPARTMENTS)):
            for style in range(STYLES):
                mine = np.flatnonzero((s.department == department) & (s.style == style))
                for level in range(PRICE_LEVELS):
                    centre = (level + 0.5) / PRICE_LEVELS
                    weight = s.popularity[mine] * np.exp(-((s.price_rank[mine] - centre) ** 2) / 0.03)
                    self.odds[department, style, level] = (mine, np.cumsum(weight) / weight.sum())
        return self

    def pick(
        self, rng: np.random.Generator, department: np.ndarray, style: np.ndarray, level: np.ndarray
    ) -> np.ndarray:
        """Return one product for each entry of the three equally long arrays."""
        chosen = np.empty(len(department), dtype=np.int64)
        group = (department * STYLES + style) * PRICE_LEVELS + level
        order = np.argsort(group, kind="stable")
        edges = np.flatnonzero(np.diff(group[order])) + 1
        for part in np.split(order, edges):
            if len(part) == 0:
                continue
            mine, odds = self.odds[int(department[part[0]]), int(style[part[0]]), int(level[part[0]])]
            chosen[part] = mine[np.searchsorted(odds, rng.random(len(part)), side="right").clip(max=len(mine) - 1)]
        return chosen


def act(
    people: DemoPeople, shop: Shop, *, last_weekday: int = 0, density: float = 1.0, seed: int = 7
) -> DemoInteractions:
    """Return everything the people did, in no particular order; the same for the same people and seed.

    `last_weekday` is the weekday of the last day of the history, 0 for Monday. A density below 1 stretches the gaps
    between orders, for data sets with many people and a bounded number of acts.
    """
    rng = np.random.default_rng([seed, 3, int(people.number[0])])
    person, moment, number = _orders(people, rng, last_weekday, density)
    lines = 1 + rng.poisson(np.array([h.lines for h in HABITS])[people.habit[person]])
    order = np.repeat(np.arange(len(person)), lines)
    who, when = person[order], moment[order]
    first_line = np.r_[True, order[1:] != order[:-1]]
    product = _products(people, shop, rng, who, first_line)
    quantity = np.where(rng.random(len(who)) < 0.12, 2, 1)
    acts: list[tuple[np.ndarray, ...]] = [(who, np.zeros(len(who), int), product, quantity, number[order], when)]
    viewed = rng.random(len(who)) < 0.55
    acts.append(_looks(who[viewed], product[viewed], when[viewed] + rng.integers(300, 3 * DAY, viewed.sum()), 1))
    carted = rng.random(len(who)) < 0.25
    acts.append(_looks(who[carted], product[carted], when[carted] + rng.integers(60, 7200, carted.sum()), 2))
    browsing = np.flatnonzero(rng.random(len(person)) < 0.7)
    browsed = _products(people, shop, rng, person[browsing], np.ones(len(browsing), bool))
    acts.append(_looks(person[browsing], browsed, moment[browsing] + rng.integers(600, 9 * DAY, len(browsing)), 1))
    return DemoInteractions(*(np.concatenate(parts) for parts in zip(*acts, strict=True)))


def _looks(who: np.ndarray, product: np.ndarray, when: np.ndarray, kind: int) -> tuple[np.ndarray, ...]:
    size = len(who)
    return who, np.full(size, kind), product, np.ones(size, int), np.full(size, -1), when


def _orders(
    people: DemoPeople, rng: np.random.Generator, last_weekday: int, density: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (person, seconds before the history's end, number of the order within the person), one entry an order."""
    gap = people.gap / density
    count = 1 + np.floor((people.first_day - people.last_day) / gap).astype(int)
    person = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(person)) - np.repeat(np.cumsum(count) - count, count)
    day = people.first_day[person] - gap[person] * (number + rng.normal(0, 0.15, len(person)))
    day = np.floor(day.clip(0.0))
    # Day 0 is the last day of the history; a weekend shopper's day moves forward to the next Saturday or Sunday.
    to_weekend = rng.random(len(person)) < np.array([h.weekend for h in HABITS])[people.habit[person]]
    since_sunday = (day.astype(int) - last_weekday - 1) % 7
    weekend_day = day - since_sunday + rng.integers(0, 2, len(person))
    # Where that would be in the future, the weekend before is taken.
    weekend_day = np.where(weekend_day < 0, weekend_day + 7, weekend_day)
    day = np.where(to_weekend, weekend_day, day)
    hour = people.hour[person] + rng.normal(0, 1.0, len(person)).round()
    seconds_into_day = hour.clip(0, 23) * 3600 + rng.integers(0, 3600, len(person))
    return person, (day + 1) * DAY - seconds_into_day, number


def _products(
    people: DemoPeople, shop: Shop, rng: np.random.Generator, who: np.ndarray, first_line: np.ndarray
) -> np.ndarray:
    size = len(who)
    department = (
        (rng.random((size, 1)) > np.cumsum(people.taste[who], axis=1)).sum(axis=1).clip(max=len(DEPARTMENTS) - 1)
    )
    style = people.style[who, department]
    style = np.where(rng.random(size) < IN_STYLE, style, rng.integers(0, STYLES, size))
    aim = np.array([h.price for h in HABITS])[people.habit[who]] + rng.normal(0, 0.1, size)
    level = np.floor(aim.clip(0, 0.999) * PRICE_LEVELS).astype(int)
    product = shop.pick(rng, department, style, level)
    product = _companions(shop.shelves, rng, product, first_line)
    return _refills(shop.shelves, rng, who, product)


def _companions(shelves: Shelves, rng: np.random.Generator, product: np.ndarray, first_line: np.ndarray) -> np.ndarray:
    """Replace some further lines by the companion of the line before: the next product of its department and style."""
    step = len(DEPARTMENTS) * STYLES
    before = np.r_[product[:1], product[:-1]]
    companion = before + step
    fits = ~first_line & (companion < len(shelves.sku)) & (rng.random(len(product)) < TOGETHER)
    return np.where(fits, companion, product)


def _refills(shelves: Shelves, rng: np.random.Generator, who: np.ndarray, product: np.ndarray) -> np.ndarray:
    """Replace some repeatable lines by the same person's earlier product of that department."""
    key = who * len(DEPARTMENTS) + shelves.department[product]
    order = np.argsort(key, kind="stable")
    same = np.r_[False, key[order][1:] == key[order][:-1]]
    again = same & shelves.repeatable[product[order]] & (rng.random(len(product)) < AGAIN)
    result = product.copy()
    # In the order of the sort a run of repeats copies the nearest line that is not one.
    anchor = np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))
    result[order] = product[order[anchor]]
    return result
