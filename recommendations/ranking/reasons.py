"""Why this item: a closed list of reasons, each with its sentence in English and Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from recommendations.dataset.arrays import Bools, Floats, Ints
from recommendations.ranking.policy import K_SUPPORT


class Reason(IntEnum):
    """The closed list; a number is stored, a code is exported, a sentence is shown."""

    BECAUSE = 1
    PEOPLE = 2
    NOW = 3
    POPULAR = 4
    GROUP = 5
    CATEGORY = 6
    RESTOCK = 7
    DISCOVER = 8


@dataclass(frozen=True)
class Sentence:
    """How a reason is told."""

    code: str
    english: str
    chinese: str


SENTENCES: dict[Reason, Sentence] = {
    Reason.BECAUSE: Sentence("because_you_bought", "Because you bought {item}", "因为您买过{item}"),
    Reason.PEOPLE: Sentence("people_like_you", "Popular with people like you", "与您喜好相近的人常选"),
    Reason.NOW: Sentence("popular_now", "Popular right now", "近期热门"),
    Reason.POPULAR: Sentence("popular", "A favourite of our customers", "顾客之选"),
    Reason.GROUP: Sentence("popular_in_group", "Popular with similar customers", "与您同类的顾客喜欢"),
    Reason.CATEGORY: Sentence("category_you_like", "In a category you like", "您喜欢的类别"),
    Reason.RESTOCK: Sentence("time_to_restock", "Time to restock", "该补货了"),
    Reason.DISCOVER: Sentence("discover", "Something new to discover", "发现新品"),
}

_FAMILIES: tuple[tuple[str, Reason], ...] = (
    ("ease", Reason.BECAUSE),
    ("knn", Reason.BECAUSE),
    ("walk", Reason.BECAUSE),
    ("people", Reason.PEOPLE),
    ("popular_", Reason.NOW),
    ("popular", Reason.POPULAR),
    ("group", Reason.GROUP),
    ("content", Reason.CATEGORY),
    ("again", Reason.RESTOCK),
)


def reason_of_view(view: str) -> Reason:
    """The reason that a view's contribution amounts to; DISCOVER for one not in the list."""
    return next((reason for prefix, reason in _FAMILIES if view.startswith(prefix)), Reason.DISCOVER)


def shares(contributions: Floats, views: Sequence[str]) -> Floats:
    """How much of an item's score each reason gives, shape (people, k, reasons + 1), index = the reason's number.

    `contributions` are weights times standardised views, shape (views, people, k); only what speaks for the item
    counts, and a cell sums to 1 or, where nothing does, to 0.
    """
    positive = np.maximum(contributions, 0)
    out = np.zeros((*contributions.shape[1:], max(Reason) + 1), np.float32)
    for view, part in zip(views, positive, strict=True):
        out[..., reason_of_view(view)] += part
    total = out.sum(axis=-1, keepdims=True)
    return np.asarray(np.where(total > 0, out / np.where(total > 0, total, 1), 0), dtype=np.float32)


@dataclass(frozen=True)
class Evidence:
    """What a reason may rest on, per cell of a list (people, k)."""

    shares: Floats
    """From shares()."""
    source: Ints
    """The history item with enough support, -1 where none."""
    buyers: Ints
    """How many people took the item."""
    seen: Bools
    """True where the person has the item already."""


def choose(evidence: Evidence) -> Ints:
    """The number of the reason told for each cell, shape (people, k).

    The largest share wins, of those that hold: something bought before needs a supported source, other people need to
    be at least K_SUPPORT, and only what the person has can be restocked.
    """
    score = evidence.shares.copy()
    score[..., Reason.BECAUSE] *= evidence.source >= 0
    many = evidence.buyers >= K_SUPPORT
    for reason in (Reason.PEOPLE, Reason.NOW, Reason.POPULAR, Reason.GROUP):
        score[..., reason] *= many
    score[..., Reason.RESTOCK] *= evidence.seen
    # a cell for which nothing holds is something to discover
    score[..., Reason.DISCOVER] += 1e-6
    out = score.argmax(axis=-1)
    return np.asarray(out, dtype=np.int64)


def code(reason: int, source: str | None = None) -> str:
    """The exported code: `because_you_bought:<item>` for a reason with a source, else the plain code."""
    plain = SENTENCES[Reason(reason)].code
    return f"{plain}:{source}" if Reason(reason) is Reason.BECAUSE and source is not None else plain
