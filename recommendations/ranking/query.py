"""Lists for a question: items whose words match it, ordered by how well they match and how much the person likes them.

The same ranker answers "which answer should support give this customer" and "what belongs in this newsletter": the
text chooses the pool, and text and taste together choose the order.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
import rjieba
from sklearn.feature_extraction.text import TfidfVectorizer

from recommendations.candidates.base import Arrays, sparse_parts
from recommendations.candidates.content import item_words, words
from recommendations.dataset.arrays import Bools, Csr, Floats, Ints, dense, from_pairs, from_parts
from recommendations.dataset.events import ITEM_KINDS

TEXT, TASTE = 0.6, 0.4
"""Weights of the match and of the person's taste, each from 0 to 1 within the pool. Text leads: whoever asks for tea is
not shown the coffee they like better, but of two teas the one they like better."""
POOL = 200
"""Items that match best and compete."""
LEAST = 0.25
"""An item matching less than this share of the best match is off the subject, and no taste brings it in."""

_CHINESE = re.compile(r"[\u3400-\u9fff]{2,}")


@dataclass(frozen=True)
class Words:
    """The words of all items, weighted; a question is weighted by the same words."""

    vocabulary: tuple[str, ...]
    """Sorted; words of product texts, never of people."""
    idf: Floats
    """Rarity of each word, shape (words,)."""
    weights: Csr
    """items x words, rows of unit length."""
    kinds: Ints
    """Place of each item's kind in ITEM_KINDS, shape (items,)."""

    @cached_property
    def place(self) -> dict[str, int]:
        """Column of each word."""
        return {word: at for at, word in enumerate(self.vocabulary)}

    def match(self, text: str) -> Floats:
        """How well each item matches `text`, cosine from 0 to 1, shape (items,)."""
        counts = Counter(term for term in terms(text) if term in self.place)
        if not counts:
            return np.zeros(self.weights.shape[0], np.float32)
        columns = np.array([self.place[term] for term in counts], np.int64)
        # TF-IDF with sublinear frequency, as the items are weighted
        heavy = (1 + np.log(np.array(list(counts.values()), np.float64))) * self.idf[columns]
        question = from_pairs(np.zeros(len(columns), np.int64), columns, (1, len(self.vocabulary)))
        question.data = (heavy / np.linalg.norm(heavy))[np.argsort(columns)].astype(np.float32)
        return dense(self.weights @ question.T).ravel()

    def of_kinds(self, kinds: Collection[str]) -> Bools:
        """Which items are of one of `kinds` (all when there is none), shape (items,); raises ValueError for others."""
        if unknown := set(kinds) - set(ITEM_KINDS):
            raise ValueError(f"no such kind: {', '.join(sorted(unknown))}; there are {', '.join(ITEM_KINDS)}")
        return (
            np.isin(self.kinds, [ITEM_KINDS.index(kind) for kind in kinds]) if kinds else np.ones(len(self.kinds), bool)
        )

    def take(self, items: Ints) -> "Words":
        """The words of the items at `items` (positions), in that order."""
        return Words(self.vocabulary, self.idf, self.weights[items].tocsr(), self.kinds[items])

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Arrays and plain values that from_artifacts() takes back."""
        return sparse_parts("words", self.weights) | {"idf": self.idf, "kinds": self.kinds}, {
            "vocabulary": list(self.vocabulary)
        }

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The words that artifacts() described."""
        return cls(tuple(values["vocabulary"]), arrays["idf"], from_parts("words", arrays), arrays["kinds"])


def words_of(table: pd.DataFrame) -> Words:
    """The words of the items in `table`, a dataset's item table. A word that stands on one item alone counts too.

    The words are those of candidates.content, with the parts of Chinese words and without the s of English plurals.
    """
    rows = table.to_dict("records")
    texts = [_folded(item_words(row)) for row in rows]
    kinds = np.array([ITEM_KINDS.index(str(row["kind"]) or ITEM_KINDS[0]) for row in rows], np.int64)
    vocabulary = sorted({word for text in texts for word in text})
    if not vocabulary:
        nothing = from_pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), (len(rows), 0))
        return Words((), np.zeros(0, np.float32), nothing, kinds)
    vectorizer = TfidfVectorizer(analyzer=_as_is, vocabulary=vocabulary, sublinear_tf=True, dtype=np.float32)
    weights: Csr = vectorizer.fit_transform(texts).tocsr()
    return Words(tuple(vocabulary), vectorizer.idf_.astype(np.float32), weights, kinds)


def terms(text: str) -> list[str]:
    """The words of a question as they stand in Words, brands, tags and categories of that name included."""
    found = words(text)
    phrase = " ".join(text.lower().split())
    named = [f"{field}={name}" for field in ("brand", "tag", "category") for name in dict.fromkeys([*found, phrase])]
    return [*_folded(found), *named]


def pool_of(match: Floats, open_: Bools, most: int = POOL) -> Ints:
    """The items of `open_` (items,) that match well enough to compete, best first, at most `most`; ties by position."""
    open_match = np.where(open_, match, 0)
    best = float(open_match.max(initial=0))
    if best <= 0:
        return np.zeros(0, np.int64)
    order = np.argsort(-open_match, kind="stable")[:most]
    return order[open_match[order] >= LEAST * best].astype(np.int64)


def combined(match: Floats, taste: Floats, scale: Bools) -> tuple[Floats, Floats]:
    """Scores from 0 to 1 of text and taste together, and the part that the text gives; both (people, items).

    `match` is (items,), `taste` (people, items); both are scaled to 0..1, taste between each person's least and most
    liked item of `scale` (people, items). What lies beyond them counts as the least or the most liked.
    """
    text = TEXT * np.broadcast_to(match / max(float(match.max(initial=0)), 1e-9), taste.shape)
    low = np.where(scale, taste, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    high = np.where(scale, taste, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    spread = np.where(high > low, high - low, 1)
    liked = np.clip((taste - np.where(np.isfinite(low), low, 0)) / spread, 0, 1)
    return (text + TASTE * liked).astype(np.float32), text.astype(np.float32)


def _folded(found: Iterable[str]) -> list[str]:
    """Words without a plural's s, long Chinese words with their parts; whole terms (`tag=...`) as they are."""
    out: list[str] = []
    for word in found:
        plural = len(word) > 3 and word.isascii() and "=" not in word and word.endswith("s") and word[-2] != "s"
        out.append(word[:-1] if plural else word)
        if "=" not in word and _CHINESE.fullmatch(word):
            out += [part for part in rjieba.cut_all(word) if part != word]
    return out


def _as_is(text: list[str]) -> list[str]:
    return text
