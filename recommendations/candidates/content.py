"""Items that read alike: TF-IDF over name, category, brand, tags and description, in words of any language."""

import os
import re
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import rjieba
from sklearn.feature_extraction.text import TfidfVectorizer
from sparse_dot_topn import sp_matmul_topn

from recommendations.candidates.base import Arrays, Candidate, shares, sparse_parts
from recommendations.candidates.voices import SparseVoice, Voice
from recommendations.dataset.arrays import Csr, Floats, Ints, dense, from_parts
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History

_WORD = re.compile(r"[^\W_]+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class ContentConfig:
    """Which words count."""

    rarest: int = 2
    """A word must stand on so many items: one that stands on a single item links nothing."""
    commonest: float = 0.05
    """Words on more than this share of items say nothing. Where some items of public shops were taken for new, recall
    among them rose from .41 to .48 (Steam) and from .510 to .514 (office supplies) against a share of .3."""
    few: int = 50
    """Up to so many items may share a word all the same: in a small shop half a hundred are a category."""
    recency: float | None = 0.3
    """Share of the history within which recency-weighted input falls to 1/e, for the second view; None has none."""
    links: int | None = None
    """Items that each item is compared with, those most alike; None compares with all."""


class Content(Candidate):
    """The person's items as one text, compared with every item's text; works for items nobody has taken yet."""

    name = "content"
    timeless = True

    def __init__(self, config: ContentConfig | None = None) -> None:
        self.config = config or ContentConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Learn the words of every item in the table, taken or not; no behaviour is used."""
        self._name_views(timed=dataset.sequenced)
        self.words = words_of_items(dataset, self.config)
        self.near = self._linked()
        return self

    def _name_views(self, *, timed: bool) -> None:
        # without times nothing is recent, and the second view would repeat the first
        self.views = ("content", "content_recent") if timed and self.config.recency else ("content",)

    def _linked(self) -> "Csr | None":
        """Each item's likeness to those most like it, items x items; None where all are compared."""
        if self.config.links is None:
            return None
        across = self.words.T.tocsr()
        near: Csr = sp_matmul_topn(self.words, across, top_n=self.config.links, n_threads=os.cpu_count())
        return near

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """Cosine-like likeness of each item to the sum of the person's items, and to that of their recent ones."""
        return {view: dense(likeness) for view, likeness in self._likeness(rows).items()}

    def voices(self, rows: History, users: Ints) -> dict[str, Voice]:
        """The same, as sparse as texts are: few items share a word, or the links say how many."""
        return {view: SparseVoice(likeness) for view, likeness in self._likeness(rows).items()}

    def _likeness(self, rows: History) -> dict[str, Csr]:
        given = [rows.pairs]
        if self.config.recency and len(self.views) > 1:
            given.append(rows.recent(self.config.recency))
        found = [one @ self.words @ self.words.T if self.near is None else one @ self.near for one in given]
        return {view: one.tocsr() for view, one in zip(self.views, found, strict=True)}

    def because(self, rows: History, person: int, item: int, top: int = 3) -> list[tuple[int, float]]:
        """History items whose text is most like that of `item`."""
        own = rows.indices[rows.indptr[person] : rows.indptr[person + 1]]
        return shares(dense(self.words[own] @ self.words[[item]].T).ravel(), own, top)

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """The word weights of each item; the words themselves are not kept."""
        return sparse_parts("words", self.words), {"config": asdict(self.config), "timed": len(self.views) > 1}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted word weights."""
        out = cls(ContentConfig(**values["config"]))
        out._name_views(timed=values["timed"])
        out.words = from_parts("words", arrays)
        out.near = out._linked()
        return out


def has_text(dataset: Dataset) -> bool:
    """True when at least one item has a name, category, brand, tags or description."""
    table: pd.DataFrame = dataset.item_table[["name", "category", "brand", "tags", "description"]]
    return bool((table != "").to_numpy().any())


def words_of_items(dataset: Dataset, config: ContentConfig | None = None) -> Csr:
    """TF-IDF of every item in the table, items x words, rows of length 1."""
    texts = [item_words(row) for row in dataset.item_table.to_dict("records")]
    return _tfidf(texts, config or ContentConfig())


def words(text: str) -> list[str]:
    """Lower-case words of `text`; runs of Chinese characters are cut into words, single letters dropped.

    >>> words("Red TEA 绿茶杯子")
    ['red', 'tea', '绿茶', '杯子']
    """
    out: list[str] = []
    for run in _WORD.findall(text.lower()):
        out += rjieba.cut(run) if _CHINESE.search(run) else [run]
    return [word for word in out if len(word) > 1 or _CHINESE.match(word) or word.isdigit()]


def item_words(row: dict[Any, Any]) -> list[str]:
    """Words of an item's texts; category, brand and tags also as whole terms, so that equal ones match as such."""
    out = words(f"{row['name']} {row['description']}")
    for part in str(row["category"]).split(">"):
        out += [f"category={part.strip().lower()}", *words(part)]
    out.append(f"brand={str(row['brand']).lower()}")
    for tag in str(row["tags"]).split(";"):
        out += [f"tag={tag.strip().lower()}", *words(tag)]
    return [word for word in out if not word.endswith("=")]


def _tfidf(texts: list[list[str]], config: ContentConfig) -> Csr:
    empty = from_parts(
        "none",
        {
            "none_data": np.zeros(0, np.float32),
            "none_indices": np.zeros(0, np.int32),
            "none_indptr": np.zeros(len(texts) + 1, np.int32),
            "none_shape": np.array([len(texts), 1]),
        },
    )
    counts = pd.Series([word for text in texts for word in set(text)], dtype=object).value_counts()
    most = max(config.commonest * len(texts), config.few)
    kept = sorted(counts.index[(counts >= config.rarest) & (counts <= most)])
    if not kept:
        return empty
    vectorizer = TfidfVectorizer(analyzer=_as_is, vocabulary=kept, sublinear_tf=True, dtype=np.float32)
    weights: Csr = vectorizer.fit_transform(texts).tocsr()
    return weights


def _as_is(text: list[str]) -> list[str]:
    return text
