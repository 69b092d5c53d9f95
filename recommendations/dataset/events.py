"""One Dataset: everything a recommender may know, in arrays, from a release or from files."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from recommendations.dataset.arrays import Bools, Doubles, Floats, Ints
from recommendations.dataset.history import DAY, History, PositiveEvents, build
from recommendations.dataset.weights import STRONG

ITEM_COLUMNS = ("name", "category", "brand", "tags", "description", "price", "kind")
ITEM_KINDS = ("product", "article", "answer")
"""What `kind` in the item table may be; empty stands for the first."""
USER_COLUMNS = ("gender", "birth_year", "country", "extra")
REPEAT_SHOP = 0.10
"""From this share of acts that repeat an earlier day's item, buying again counts (recommenders.md, section 8)."""


SHUFFLED = 0.05
"""Below this share of variance between people, the rows of a file are in no order at all."""


@dataclass(frozen=True)
class Dataset:
    """Events by position in `users` and `items`, with what is known of each item and person.

    Every array of events has shape (events,). The tables are aligned: row i of `item_table` describes items[i].
    """

    users: pd.Index
    items: pd.Index
    user_ix: Ints
    item_ix: Ints
    kind: "pd.Categorical[Any]"
    value: Floats
    timestamp: Doubles
    """Seconds since 1970, NaN where the source has no time."""
    weight: Floats
    """How much the event says about liking the item (weights.py); at most 0 for a return or a dislike."""
    item_table: pd.DataFrame
    """Columns of ITEM_COLUMNS, text except `price` (float, NaN unknown)."""
    user_table: pd.DataFrame
    """Columns of USER_COLUMNS, text, empty where unknown."""
    in_order: bool = False
    """Whether, where times are missing, the rows stand in the order in which things happened (order.py)."""

    @property
    def shape(self) -> tuple[int, int]:
        """(users, items)."""
        return len(self.users), len(self.items)

    @property
    def n_users(self) -> int:
        """People, those without events included."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Items, those without events included."""
        return len(self.items)

    @property
    def n_events(self) -> int:
        """Events of every kind."""
        return len(self.user_ix)

    @cached_property
    def timed(self) -> bool:
        """True when every event carries a time."""
        return self.n_events > 0 and bool(np.isfinite(self.timestamp).all())

    @property
    def sequenced(self) -> bool:
        """True when it is known what each person did first and what last, with or without times."""
        return self.timed or (self.in_order and self.n_events > 0)

    @property
    def order(self) -> Doubles:
        """What rises from each event to the next, shape (events,): seconds, else rows; NaN where nothing is known."""
        return np.arange(self.n_events, dtype=np.float64) if self.sequenced and not self.timed else self.timestamp

    @cached_property
    def liked(self) -> Bools:
        """Which events speak for the item, shape (events,)."""
        return self.weight > 0

    @cached_property
    def wanted(self) -> Bools:
        """Which events a recommendation hopes for: the strong ones, or all liked ones where none is strong."""
        strong = self.weight >= STRONG
        return strong if strong.any() else self.liked

    def subset(self, mask: Bools) -> "Dataset":
        """The same people and items with only the events of `mask` (events,)."""
        return replace(
            self,
            user_ix=self.user_ix[mask],
            item_ix=self.item_ix[mask],
            kind=self.kind[mask],
            value=self.value[mask],
            timestamp=self.timestamp[mask],
            weight=self.weight[mask],
        )

    @cached_property
    def history(self) -> History:
        """What each person has liked so far."""
        keep = self.liked
        acts = PositiveEvents(self.user_ix[keep], self.item_ix[keep], self.timestamp[keep], self.order[keep])
        return build(acts, self.shape)

    @cached_property
    def warm(self) -> Bools:
        """Which items have at least one liked event, shape (items,)."""
        return np.bincount(self.item_ix[self.liked], minlength=self.n_items) > 0

    @cached_property
    def repeat_rate(self) -> float:
        """Share of wanted acts (person, item, day) whose person had the item on an earlier day; 0 without time."""
        if not self.timed or not self.wanted.any():
            return 0.0
        keep = self.wanted
        if np.array_equal(keep, self.liked):
            history = self.history
        else:
            acts = PositiveEvents(self.user_ix[keep], self.item_ix[keep], self.timestamp[keep], self.order[keep])
            history = build(acts, self.shape)
        return float(1 - len(history.indices) / history.counts.sum())

    @property
    def repeats(self) -> bool:
        """True where people buy the same again often enough that lists should offer it."""
        return self.repeat_rate >= REPEAT_SHOP

    @cached_property
    def shuffled(self) -> bool:
        """True when a row's place in the file says nothing of whose it is, as in a sample drawn at random.

        A log comes by time, by person, or in batches of either; so people differ in where their rows stand. The share
        of the places' variance that lies between people (epsilon squared, Kelley 1935) tells: .43 for MovieLens' file
        as published, whose rows look mixed, .01 for three quarters of its rows drawn at random.
        """
        people = int((np.bincount(self.user_ix, minlength=self.n_users) > 0).sum())
        rows = self.n_events
        if rows <= people or people < 2:
            return False
        place = np.arange(rows, dtype=np.float64)
        counts = np.maximum(np.bincount(self.user_ix, minlength=self.n_users), 1)
        mean = np.bincount(self.user_ix, place, minlength=self.n_users) / counts
        within = float(np.square(place - mean[self.user_ix]).sum())
        whole = float(np.square(place - place.mean()).sum())
        return 1 - (within / (rows - people)) / (whole / (rows - 1)) < SHUFFLED

    @property
    def days(self) -> float:
        """Days from the first event to the last; 0 without time."""
        return float(np.ptp(self.timestamp)) / DAY if self.timed else 0.0
