"""What is popular with everybody, within each segment and department, and what is trending right now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommendations.dataset.arrays import Bools, Doubles, Ints
from recommendations.pipeline.fitted import FittedHybrid
from recommendations.ranking.policy import K_SUPPORT, Policy
from recommendations.serving.fallback import EVERYBODY, TRENDING, department, trending

LENGTH = 20
HALF_LIFE_DAYS = 30.0
TRENDING_DAYS = 3.0
"""Half-life of what is trending ..."""
TRENDING_WINDOW = 14.0
"""... and the days within which K_SUPPORT people must have taken it: one person makes no trend."""
DAY = 86_400.0


@dataclass(frozen=True)
class Stock:
    """The shelves a model chooses from: product ids by item position, and the shop's rules."""

    product_ids: "np.ndarray[Any, np.dtype[np.int64]]"
    policy: Policy


@dataclass(frozen=True)
class _Counted:
    """Who took what, and how long ago: one number per pair of person and item, shape (pairs,)."""

    person: Ints
    item: Ints
    age: Doubles
    """Days since the person's last time; 0 without times."""
    stock: Stock

    def best(self, inside: Bools, half_life: float, support: int) -> list[int]:
        """The LENGTH eligible products with the largest faded count of the pairs `inside`, of `support` people each."""
        n = len(self.stock.product_ids)
        worth = 0.5 ** (self.age[inside] / half_life)
        score = np.bincount(self.item[inside], weights=worth, minlength=n)
        people = np.bincount(self.item[inside], minlength=n)
        score[(people < support) | ~self.stock.policy.eligible] = 0.0
        order = np.argsort(-score, kind="stable")[:LENGTH]
        return [int(self.stock.product_ids[at]) for at in order if score[at] > 0]


def favourites(
    fitted: FittedHybrid, stock: Stock, members: Iterable[tuple[int, list[int]]], departments: Sequence[str] = ()
) -> dict[str, list[int]]:
    """Return scope → product ids, best first.

    `all`; `segment:<id>` where enough people stand behind it; `department:<name>`; `trending` and `trending:<name>`
    where something is. `members` gives each segment's people as positions in the model's users, `departments` the name
    of each item's department, empty for none, shape (items,). A product counts within a segment only if at least
    K_SUPPORT of its people took it, and as trending only if K_SUPPORT took it in the last TRENDING_WINDOW days. What it
    counts halves every 30 days since each person's last time; where it is trending, every 3.
    """
    history = fitted.history
    counted = _Counted(
        person=np.repeat(np.arange(history.n_users), history.lengths),
        item=history.indices,
        age=(history.now - history.last) / DAY if history.timed else np.zeros(len(history.indices)),
        stock=stock,
    )
    everything = np.ones(len(counted.item), bool)
    found = {EVERYBODY: counted.best(everything, HALF_LIFE_DAYS, 1)}
    for segment, positions in members:
        chosen = np.zeros(history.n_users, bool)
        chosen[positions] = True
        listed = counted.best(chosen[counted.person], HALF_LIFE_DAYS, K_SUPPORT)
        if len(listed) >= LENGTH // 2:
            found[f"segment:{segment}"] = listed
    # Without times nothing is known to be new.
    lately = counted.age <= TRENDING_WINDOW if history.timed else ~everything
    found[TRENDING] = counted.best(lately, TRENDING_DAYS, K_SUPPORT)
    for name, of_department in _departments(departments, counted.item):
        found[department(name)] = counted.best(of_department, HALF_LIFE_DAYS, 1)
        found[trending(name)] = counted.best(of_department & lately, TRENDING_DAYS, K_SUPPORT)
    return {scope: listed for scope, listed in found.items() if listed or scope == EVERYBODY}


def _departments(names: Sequence[str], item: Ints) -> Iterable[tuple[str, Bools]]:
    """Each department's name and which pairs are about its products, in alphabetical order."""
    column = np.array(names, dtype=object)
    for name in sorted({*names} - {""}):
        yield name, (column == name)[item]
