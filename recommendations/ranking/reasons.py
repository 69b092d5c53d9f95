"""Why this item: a closed list of reasons, each with its sentence in English and Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from recommendations.dataset.arrays import Bools, Floats, Ints
from recommendations.ranking.policy import K_SUPPORT


class ListReason(IntEnum):
    """The closed list; a number is stored, a code is exported, a sentence is shown."""

    BECAUSE = 1
    PEOPLE = 2
    NOW = 3
    POPULAR = 4
    GROUP = 5
    CATEGORY = 6
    RESTOCK = 7
    DISCOVER = 8
    TOGETHER = 9
    NEW = 10
    MATCH = 11


NAMING = (ListReason.BECAUSE, ListReason.TOGETHER)
"""Reasons whose sentence names an item of the person's history."""
NEUTRAL = (ListReason.NOW, ListReason.POPULAR, ListReason.DISCOVER, ListReason.MATCH)
"""Reasons that say nothing about the person: all that may stand beside an item of a sensitive category."""
LIKED_SHARE = 0.2
"""A person likes a category that at least so much of their history is of."""
OFTEN = 0.2
"""Two items are often bought together when so many of the people who took the one took the other on the same day."""


@dataclass(frozen=True)
class Sentence:
    """How a reason is told."""

    code: str
    english: str
    chinese: str


SENTENCES: dict[ListReason, Sentence] = {
    ListReason.BECAUSE: Sentence("because_you_bought", "Because you bought {item}", "因为您买过{item}"),
    ListReason.PEOPLE: Sentence("people_like_you", "Popular with people like you", "与您喜好相近的人常选"),
    ListReason.NOW: Sentence("popular_now", "Popular right now", "近期热门"),
    ListReason.POPULAR: Sentence("popular", "A favourite of our customers", "顾客之选"),
    ListReason.GROUP: Sentence("popular_in_group", "Popular with similar customers", "与您同类的顾客喜欢"),
    ListReason.CATEGORY: Sentence("category_you_like", "In a category you like", "您喜欢的类别"),
    ListReason.RESTOCK: Sentence("time_to_restock", "Time to restock", "该补货了"),
    ListReason.DISCOVER: Sentence("discover", "Something new to discover", "发现新品"),
    ListReason.TOGETHER: Sentence("bought_together", "Often bought together with {item}", "常与{item}一起购买"),
    ListReason.NEW: Sentence("new_in_category", "New in a category you like", "您喜欢的类别上新"),
    ListReason.MATCH: Sentence("matches_question", "Matches what you are looking for", "符合您的查找"),
}

_FAMILIES: tuple[tuple[str, ListReason], ...] = (
    ("ease", ListReason.BECAUSE),
    ("knn", ListReason.BECAUSE),
    ("walk", ListReason.BECAUSE),
    ("next", ListReason.BECAUSE),
    ("sitting", ListReason.BECAUSE),
    ("people", ListReason.PEOPLE),
    ("als", ListReason.PEOPLE),
    ("encoder", ListReason.PEOPLE),
    ("two_tower", ListReason.PEOPLE),
    ("popular_", ListReason.NOW),
    ("popular", ListReason.POPULAR),
    ("begin_", ListReason.NOW),
    ("group", ListReason.GROUP),
    ("content", ListReason.CATEGORY),
    ("again", ListReason.RESTOCK),
    ("basket", ListReason.TOGETHER),
    ("rules", ListReason.TOGETHER),
    ("match", ListReason.MATCH),
)


def reason_of_view(view: str) -> ListReason:
    """The reason that a view's contribution amounts to; DISCOVER for one not in the list."""
    return next((reason for prefix, reason in _FAMILIES if view.startswith(prefix)), ListReason.DISCOVER)


def shares(contributions: Floats, views: Sequence[str]) -> Floats:
    """How much of an item's score each reason gives, shape (people, k, reasons + 1), index = the reason's number.

    `contributions` are weights times standardised views, shape (views, people, k); only what speaks for the item
    counts, and a cell sums to 1 or, where nothing does, to 0.
    """
    positive = np.maximum(contributions, 0)
    out = np.zeros((*contributions.shape[1:], max(ListReason) + 1), np.float32)
    for view, part in zip(views, positive, strict=True):
        out[..., reason_of_view(view)] += part
    total = out.sum(axis=-1, keepdims=True)
    return np.asarray(np.where(total > 0, out / np.where(total > 0, total, 1), 0), dtype=np.float32)


@dataclass(frozen=True)
class ReasonEvidence:
    """What a reason may rest on, per cell of a list (people, k)."""

    shares: Floats
    """From shares()."""
    source: Ints
    """The history item with enough support, -1 where none."""
    buyers: Ints
    """How many people took the item."""
    seen: Bools
    """True where the person has the item already."""
    together: Ints | None = None
    """The history item that most people took on one day with this one, of enough people; -1 where none."""
    often: Floats | None = None
    """Of the people who took that history item, the share who took this one on the same day."""
    new: Bools | None = None
    """True where the item is new."""
    liked: Floats | None = None
    """Share of the person's history that is of the item's category."""
    sensitive: Bools | None = None
    """True where nothing may be said that links the person to the item."""


def choose(evidence: ReasonEvidence) -> Ints:
    """The number of the reason told for each cell, shape (people, k).

    The largest share wins, of those that hold: something bought before needs a supported source, other people need to
    be at least K_SUPPORT, only what the person has can be restocked. What OFTEN lands in one basket with something the
    person has is told so instead of "because you bought"; something new of a category the person likes is told so with
    the shares of category and trend. Beside a sensitive item only NEUTRAL reasons are told.
    """
    score = evidence.shares.copy()
    score[..., ListReason.BECAUSE] *= evidence.source >= 0
    many = evidence.buyers >= K_SUPPORT
    for reason in (ListReason.PEOPLE, ListReason.NOW, ListReason.POPULAR, ListReason.GROUP):
        score[..., reason] *= many
    score[..., ListReason.RESTOCK] *= evidence.seen
    _together(score, evidence)
    if evidence.new is not None and evidence.liked is not None:
        holds = evidence.new & (evidence.liked >= LIKED_SHARE) & ~evidence.seen
        told = evidence.shares[..., ListReason.CATEGORY] + evidence.shares[..., ListReason.NOW]
        score[..., ListReason.NEW] = np.where(holds, told, 0)
    if evidence.sensitive is not None:
        for reason in set(ListReason) - set(NEUTRAL):
            score[..., reason] *= ~evidence.sensitive
    # a cell for which nothing holds is something to discover
    score[..., ListReason.DISCOVER] += 1e-6
    out = score.argmax(axis=-1)
    return np.asarray(out, dtype=np.int64)


def _together(score: Floats, evidence: ReasonEvidence) -> None:
    """Let TOGETHER stand where a basket holds, and take the place of BECAUSE where it is the truer word."""
    if evidence.together is None:
        score[..., ListReason.TOGETHER] = 0
        return
    holds = evidence.together >= 0
    score[..., ListReason.TOGETHER] *= holds
    if evidence.often is not None:
        truer = holds & (evidence.often >= OFTEN)
        score[..., ListReason.TOGETHER] += np.where(truer, evidence.shares[..., ListReason.BECAUSE], 0)
        score[..., ListReason.BECAUSE] *= ~truer


def named(told: Ints, evidence: ReasonEvidence) -> Ints:
    """The history item that each told reason names, -1 where it names none; shape of `told` (people, k)."""
    out = np.where(told == ListReason.BECAUSE, evidence.source, -1)
    if evidence.together is not None:
        out = np.where(told == ListReason.TOGETHER, evidence.together, out)
    return out


def code(reason: int, source: str | None = None) -> str:
    """The exported code: `because_you_bought:<item>` for a reason that names an item, else the plain code."""
    plain = SENTENCES[ListReason(reason)].code
    return f"{plain}:{source}" if ListReason(reason) in NAMING and source is not None else plain
