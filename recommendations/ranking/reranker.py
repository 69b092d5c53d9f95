"""The second opinion: gradient-boosted trees that order a person's pool by all views and traits at once (LambdaMART).

Burges, "From RankNet to LambdaRank to LambdaMART", 2010; the trees are XGBoost's with its `rank:ndcg` objective. It is
used only where it beats the linear blend on people or days that neither learned from; the reasons stay the blend's.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

# Read once, when the library is loaded: threads that wait for each other sleep instead of spinning, which on a machine
# with other work to do is several times faster.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import xgboost
from threadpoolctl import threadpool_limits

from recommendations.dataset.arrays import Bools, Floats, Ints
from recommendations.ranking.ascent import Judged
from recommendations.ranking.pool import scale_of, standardise

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class RerankerConfig:
    """How the trees grow."""

    rounds: int = 100
    """Trees."""
    rate: float = 0.08
    """What each tree adds."""
    depth: int = 5
    """Questions from the root to a leaf."""
    leaf: float = 20.0
    """Least weight of a leaf: a rule about fewer cells is chance."""
    pairs: int = 20
    """First places whose pairs are compared."""
    even: bool = True
    """Whether a person's part is scaled down as its sum s grows, by log(1 + s) / s. Left as it is, whoever has many
    right answers steers more: on validation that suited lists of what people buy again, and no others."""
    wrong: int = 200
    """At most so many wrong cells of a person take part, by lot; were only the best of them taken, beside all that
    is right, low places would look right."""
    alone: int = 400_000
    """Up to so many cells one processor grows the trees: threads would wait for each other longer than they work."""


@dataclass(frozen=True)
class PoolFeatures:
    """What is known of a pool's cells."""

    views: tuple[str, ...]
    features: Floats
    """Standardised views, shape (views, people, width)."""
    among: Bools
    """Cells that compete, shape (people, width)."""
    names: tuple[str, ...]
    traits: Floats
    """As Shelf.describe, shape (names, people, width)."""

    def on(self, views: tuple[str, ...], names: tuple[str, ...]) -> "PoolFeatures":
        """The same cells with these views and traits in this order: an unknown view says 0, an unknown trait NaN."""
        return PoolFeatures(
            views,
            _picked(self.features, self.views, views, 0.0),
            self.among,
            names,
            _picked(self.traits, self.names, names, np.nan),
        )


def _picked(values: Floats, have: tuple[str, ...], wanted: tuple[str, ...], missing: float) -> Floats:
    if have == wanted:
        return values
    out = np.full((len(wanted), *values.shape[1:]), missing, np.float32)
    for at, name in enumerate(wanted):
        if name in have:
            out[at] = values[have.index(name)]
    return out


@dataclass(frozen=True)
class LabelledPool:
    """A judged pool with the traits of its cells."""

    judged: Judged
    traits: Floats
    """Shape (traits, people, width)."""
    names: tuple[str, ...]
    """Names of the traits."""

    def cells(self, views: tuple[str, ...]) -> PoolFeatures:
        """What is known of the cells, without the answers; `views` names the judged features."""
        return PoolFeatures(views, self.judged.features, self.judged.among, self.names, self.traits)

    def pick(self, people: "npt.NDArray[Any]") -> "LabelledPool":
        """Only the people of a mask or of positions."""
        return LabelledPool(self.judged.pick(people), self.traits[:, people], self.names)


class Reranker:
    """Trees over the standardised views, the places they give, and the traits."""

    def __init__(self, views: tuple[str, ...], config: RerankerConfig | None = None) -> None:
        self.views = views
        self.config = config or RerankerConfig()
        self.names: tuple[str, ...] = ()
        self.curve: list[float] = []
        self._copies = threading.local()

    def fit(self, examples: Sequence[LabelledPool], seed: int, watch: Sequence[LabelledPool] = ()) -> Self:
        """Learn from people with a right answer in their pool.

        `curve` then holds NDCG@10 on `watch` after each tree. Raises ValueError when nobody has a right answer.
        """
        self.names = examples[0].names
        lots = np.random.default_rng(seed)
        table = self._table(examples, lots)
        watched = [(self._table(watch, lots), "watch")] if watch else []
        told: dict[str, dict[str, list[float]]] = {}
        threads = self._threads(table.num_row())
        # the training around this holds every library to one thread, which is right for its small products only
        with threadpool_limits(threads, user_api="openmp"):
            self.trees = xgboost.train(
                _settings(self.config, seed, threads),
                table,
                self.config.rounds,
                evals=watched,
                evals_result=told,
                verbose_eval=False,
            )
        self.curve = [round(float(value), 5) for value in told.get("watch", {}).get("ndcg@10", [])]
        return self

    def _table(self, examples: Sequence[LabelledPool], lots: np.random.Generator) -> xgboost.DMatrix:
        """Right cells, and wrong ones by lot, of everybody with a right answer; one query per person."""
        features, right, groups, start = [], [], [], 0
        for one in examples:
            people = np.flatnonzero(one.judged.hits.any(axis=1))
            part = one.pick(people)
            person, column = np.nonzero(_drawn(part.judged, self.config.wrong, lots))
            columns = self._columns(part.judged.features, part.judged.among, part.traits)
            features.append(columns[:, person, column].T)
            right.append(part.judged.hits[person, column])
            groups.append(start + person)
            start += len(people)
        if not start:
            raise ValueError("nobody has a right answer to learn from")
        return xgboost.DMatrix(
            np.concatenate(features),
            np.concatenate(right).astype(np.float32),
            qid=np.concatenate(groups),
            feature_names=list(self._column_names()),
            nthread=self._threads(sum(map(len, right))),
        )

    def scores(self, cells: PoolFeatures) -> Floats:
        """The trees' opinion of every cell, standardised per person over those that compete, shape (people, width)."""
        cells = cells.on(self.views, self.names)
        out = np.zeros(cells.among.shape, np.float32)
        if not out.size:
            return out
        columns = self._columns(cells.features, cells.among, cells.traits)
        person, column = np.nonzero(cells.among)
        table = xgboost.DMatrix(
            columns[:, person, column].T, feature_names=list(self._column_names()), nthread=self._threads(len(person))
        )
        trees = self._of_this_thread()
        trees.set_param({"nthread": self._threads(len(person))})
        out[person, column] = trees.predict(table)
        whole: Floats = standardise(out[None], cells.among)[0]
        return whole

    def _of_this_thread(self) -> xgboost.Booster:
        """The trees, of which each thread but the main one has a copy: settings must not change while another asks."""
        if threading.current_thread() is threading.main_thread():
            return self.trees
        if getattr(self._copies, "source", None) is not self.trees:
            self._copies.source, self._copies.trees = self.trees, self.trees.copy()
        copy: xgboost.Booster = self._copies.trees
        return copy

    def _threads(self, cells: int) -> int:
        return 1 if cells <= self.config.alone else os.cpu_count() or 1

    def importance(self) -> dict[str, float]:
        """Share of the trees' total gain by column, largest first."""
        gain = self.trees.get_score(importance_type="total_gain")
        numbers = {str(name): float(np.sum(value)) for name, value in gain.items()}
        total = sum(numbers.values()) or 1.0
        return {name: value / total for name, value in sorted(numbers.items(), key=lambda pair: -pair[1])}

    def _column_names(self) -> tuple[str, ...]:
        return (*self.views, *(f"place:{view}" for view in self.views), *self.names)

    def _columns(self, features: Floats, among: Bools, traits: Floats) -> Floats:
        return np.concatenate([features, _places(features, among), traits])

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """The trees as UBJSON bytes, and what to ask them."""
        raw = np.frombuffer(bytes(self.trees.save_raw("ubj")), np.uint8)
        return {"trees": raw}, {"views": list(self.views), "names": list(self.names), "config": asdict(self.config)}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The trees that artifacts() described."""
        out = cls(tuple(values["views"]), RerankerConfig(**values["config"]))
        out.names = tuple(values["names"])
        out.trees = xgboost.Booster()
        out.trees.load_model(bytearray(arrays["trees"].astype(np.uint8).tobytes()))
        return out


@dataclass(frozen=True)
class SecondOpinion:
    """Trees and how much they count beside the blend."""

    trees: Reranker
    share: float
    """From 0 (the blend alone) to 1 (the trees alone), for people with history."""

    def mixed(self, linear: Floats, cells: PoolFeatures, lengths: Ints, taken: Bools) -> Floats:
        """Both opinions, each standardised per person, weighed by the share; shape (people, width).

        `lengths` are the people's histories, shape (people,). Where `taken` (people, width) is False nobody has the
        item yet: trees never learned from such a cell, nor with one among the others, so the blend alone says what
        content says, on the scale of the others.
        """
        scale = scale_of(cells.among, taken)
        trees = self.trees.scores(replace(cells, among=scale))
        return mix(linear, trees, cells.among, said(self.share, lengths) * taken, scale)


def said(share: float, lengths: Ints) -> Floats:
    """How much the trees count for each person (people, 1): nothing for somebody without history.

    Of such a person trees know only what is popular, which the blend weighs with less to learn by heart.
    """
    return np.where(lengths > 0, share, 0.0).astype(np.float32)[:, None]


def mix(linear: Floats, trees: Floats, among: Bools, share: Floats, scale: Bools | None = None) -> Floats:
    """The blend's scores and the trees' (standardised), weighed by `share` (people, 1 or width); (people, width).

    The cells `scale` set the blend's scale, all of `among` where it is None.
    """
    return np.asarray((1 - share) * standardise(linear[None], among, scale)[0] + share * trees, dtype=np.float32)


def _settings(config: RerankerConfig, seed: int, threads: int) -> dict[str, Any]:
    return {
        "objective": "rank:ndcg",
        "eval_metric": "ndcg@10",
        "lambdarank_pair_method": "topk",
        "lambdarank_num_pair_per_sample": config.pairs,
        "lambdarank_normalization": config.even,
        "eta": config.rate,
        "max_depth": config.depth,
        "min_child_weight": config.leaf,
        "subsample": 0.8,
        "colsample_bytree": 0.5,
        "reg_lambda": 5.0,
        "tree_method": "hist",
        "max_bin": 64,
        "nthread": threads,
        "seed": seed,
    }


def _drawn(judged: Judged, wrong: int, lots: np.random.Generator) -> Bools:
    """The right cells and at most `wrong` others of each person, every one with the same chance."""
    lot = np.where(judged.among & ~judged.hits, lots.random(judged.among.shape, dtype=np.float32), np.inf)
    if lot.shape[1] <= wrong:
        return judged.among
    last = np.partition(lot, wrong - 1, axis=1)[:, wrong - 1, None]
    return judged.hits | (np.isfinite(lot) & (lot <= last))


def _places(features: Floats, among: Bools) -> Floats:
    """log(1 + place) of each cell in the order of each view, shape of `features`; cells outside `among` come last."""
    out = np.empty(features.shape, np.float32)
    width = among.shape[1]
    place = np.broadcast_to(np.log1p(np.arange(width, dtype=np.float32)), among.shape)
    for view, column in enumerate(features):
        order = np.argsort(np.where(among, -column, np.float32(np.inf)), axis=1, kind="stable")
        np.put_along_axis(out[view], order, place, axis=1)
    return out
