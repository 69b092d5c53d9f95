"""What is popular with everybody and within each segment, for people without a personal list."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommendations.pipeline.fitted import FittedHybrid
from recommendations.ranking.policy import K_SUPPORT, Policy
from recommendations.serving.fallback import EVERYBODY

LENGTH = 20
HALF_LIFE_DAYS = 30.0
DAY = 86_400.0


@dataclass(frozen=True)
class Stock:
    """The shelves a model chooses from: product ids by item position, and the shop's rules."""

    product_ids: "np.ndarray[Any, np.dtype[np.int64]]"
    policy: Policy


def favourites(fitted: FittedHybrid, stock: Stock, members: Iterable[tuple[int, list[int]]]) -> dict[str, list[int]]:
    """Return scope → product ids, best first: `all`, and `segment:<id>` where enough people stand behind it.

    `members` gives each segment's people as positions in the model's users. A product counts within a segment only if
    at least K_SUPPORT of its people took it; what it counts halves every 30 days since each person's last time.
    """
    history = fitted.history
    person = np.repeat(np.arange(history.n_users), history.lengths)
    item = history.indices
    age = (history.now - history.last) / DAY if history.timed else np.zeros(len(item))
    worth = 0.5 ** (age / HALF_LIFE_DAYS)

    def best(inside: "np.ndarray[Any, np.dtype[np.bool_]]", support: int) -> list[int]:
        score = np.bincount(item[inside], weights=worth[inside], minlength=history.n_items)
        people = np.bincount(item[inside], minlength=history.n_items)
        score[(people < support) | ~stock.policy.eligible] = 0.0
        order = np.argsort(-score, kind="stable")[:LENGTH]
        return [int(stock.product_ids[at]) for at in order if score[at] > 0]

    found = {EVERYBODY: best(np.ones(len(item), bool), 1)}
    for segment, positions in members:
        chosen = np.zeros(history.n_users, bool)
        chosen[positions] = True
        listed = best(chosen[person], K_SUPPORT)
        if len(listed) >= LENGTH // 2:
            found[f"segment:{segment}"] = listed
    return found
