"""What must not be shown, whatever its score: the shop's rules, kept apart from the learners' taste."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from recommendations.dataset.arrays import Bools, Doubles, Ints
from recommendations.dataset.history import DAY, History
from recommendations.ranking.fatigue import Tired

K_SUPPORT = 10
"""A reason that speaks of other people rests on at least so many of them, else it could point at one."""

Codes = npt.NDArray[np.int8]
"""Numbers of Exclusion, 0 where an item may be shown."""


class Exclusion(IntEnum):
    """Why an item is not shown to a person. Where several hold, the smallest number is told."""

    BLOCKED = 1
    CATEGORY = 2
    OUT_OF_STOCK = 3
    TOO_DEAR = 4
    OWNED = 5
    RESTING = 6
    TIRED = 7


@dataclass(frozen=True)
class ExclusionText:
    """How an exclusion is told."""

    code: str
    english: str
    chinese: str


TOLD: dict[Exclusion, ExclusionText] = {
    Exclusion.BLOCKED: ExclusionText("blocked", "Taken out of recommendations", "已被排除在推荐之外"),
    Exclusion.CATEGORY: ExclusionText(
        "category_blocked", "In a category that is not recommended", "所属类别不参与推荐"
    ),
    Exclusion.OUT_OF_STOCK: ExclusionText("out_of_stock", "Out of stock", "缺货"),
    Exclusion.TOO_DEAR: ExclusionText("over_price_bound", "Over the price bound", "超出价格上限"),
    Exclusion.OWNED: ExclusionText("owned", "Bought before, and not bought twice", "已买过，通常不会再买"),
    Exclusion.RESTING: ExclusionText("bought_recently", "Bought a few days ago", "几天前刚买过"),
    Exclusion.TIRED: ExclusionText("shown_too_often", "Shown several times without a click", "多次展示未被点击"),
}


@dataclass(frozen=True)
class PriceBound:
    """What may be shown at most costs so much; an item whose price is unknown passes."""

    prices: Doubles
    """Shape (items,), NaN where unknown."""
    placement: float = float("inf")
    """For everybody, in the currency of `prices`."""
    own: Doubles | None = None
    """For each person by position, NaN where they have none, shape (people,); the lower of both bounds holds."""


@dataclass(frozen=True)
class Policy:
    """The shop's rules, by item position."""

    blocked: Bools
    """Never shown: excluded by a marketer, or out of stock; shape (items,)."""
    repeatable: Bools
    """Things people buy again, shape (items,)."""
    rest_days: float = 7.0
    """A repeatable item is left in peace for so many days after it was bought."""
    out_of_stock: Bools | None = None
    """Which of `blocked` are out of stock rather than excluded, shape (items,); None where nobody knows."""
    blocked_categories: Bools | None = None
    """Items of a category that is not recommended, shape (items,)."""
    price: PriceBound | None = None
    tired: Tired | None = None
    """What people were shown too often without a click (fatigue.py)."""

    @classmethod
    def open(cls, n_items: int) -> "Policy":
        """No rule at all: everything may be shown, anything may be bought again at once."""
        return cls(np.zeros(n_items, bool), np.ones(n_items, bool), rest_days=0.0)

    @property
    def eligible(self) -> Bools:
        """Items that may be shown to somebody, shape (items,)."""
        return np.asarray(self.of_items == 0)

    @property
    def of_items(self) -> Codes:
        """Why an item is shown to nobody, shape (items,)."""
        out = np.where(self.blocked, np.int8(Exclusion.BLOCKED), np.int8(0))
        if self.out_of_stock is not None:
            out[self.blocked & self.out_of_stock] = Exclusion.OUT_OF_STOCK
        if self.blocked_categories is not None:
            _mark(out, self.blocked_categories, Exclusion.CATEGORY)
        if self.price is not None:
            # NaN compares as false: an unknown price is no reason to hide an item
            _mark(out, self.price.prices > self.price.placement, Exclusion.TOO_DEAR)
        return out

    def resting(self, rows: History) -> Bools:
        """Which items each person should not be shown again yet, shape (people, items).

        All that is not repeatable, and repeatable things bought less than `rest_days` before the newest event.
        """
        person, recent, owned = self._had(rows)
        out = np.zeros((rows.n_users, rows.n_items), bool)
        out[person, rows.indices] = recent | owned
        return out

    def codes(self, rows: History, users: Ints) -> Codes:
        """Why each item is not shown to each person, shape (people, items); 0 where it may be.

        `rows` is the history of the people at positions `users` (-1 for somebody unknown), in order.
        """
        out = np.tile(self.of_items, (len(users), 1))
        if self.price is not None and self.price.own is not None:
            bounds = np.where(users >= 0, self.price.own[np.maximum(users, 0)], np.nan)
            _mark(out, self.price.prices[None, :] > bounds[:, None], Exclusion.TOO_DEAR)
        person, recent, owned = self._had(rows)
        for which, code in ((owned, Exclusion.OWNED), (recent, Exclusion.RESTING)):
            at = person[which], rows.indices[which]
            out[at] = np.where(out[at] == 0, np.int8(code), out[at])
        if self.tired is not None:
            at = self.tired.of(users)
            out[at] = np.where(out[at] == 0, np.int8(Exclusion.TIRED), out[at])
        return out

    def why_not(self, rows: History, users: Ints, items: Ints) -> Codes:
        """Why each of `items` (people, k), -1 for none, is not shown to the person of its row; 0 where it may be.

        The codes of codes() at these cells, without those of all the others.
        """
        at = np.maximum(items, 0)
        out = self.of_items[at]
        if self.price is not None and self.price.own is not None:
            bounds = np.where(users >= 0, self.price.own[np.maximum(users, 0)], np.nan)
            _mark(out, self.price.prices[at] > bounds[:, None], Exclusion.TOO_DEAR)
        _, recent, owned = self._had(rows)
        place = rows.find(items)
        for which, code in ((owned, Exclusion.OWNED), (recent, Exclusion.RESTING)):
            _mark(out, np.append(which, False)[place], code)
        if self.tired is not None:
            _mark(out, self.tired.at(users, at), Exclusion.TIRED)
        return np.where(items >= 0, out, np.int8(0))

    def _had(self, rows: History) -> tuple[Ints, Bools, Bools]:
        """For each pair of `rows`: the person, whether it is too fresh, whether it is not bought twice."""
        person = np.repeat(np.arange(rows.n_users), rows.lengths)
        recent = np.zeros(len(rows.indices), bool)
        if rows.timed:
            recent = (rows.now - rows.last) < self.rest_days * DAY
        return person, recent, ~self.repeatable[rows.indices]


def counted(codes: Codes) -> dict[Exclusion, int]:
    """How many cells of `codes` each exclusion holds, only those that hold any, in the order of their numbers."""
    found = np.bincount(codes.ravel(), minlength=max(Exclusion) + 1)
    return {one: int(found[one]) for one in Exclusion if found[one]}


def told(code: int, language: str) -> str:
    """The sentence of an exclusion's number in a language: Chinese for `zh...`, else English."""
    sentence = TOLD[Exclusion(code)]
    return sentence.chinese if language.startswith("zh") else sentence.english


def _mark(codes: npt.NDArray[Any], which: Bools, code: Exclusion) -> None:
    """Write `code` where `which` holds and nothing was told yet."""
    codes[which & (codes == 0)] = code
