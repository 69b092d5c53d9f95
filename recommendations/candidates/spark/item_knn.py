"""Item neighbours worked out on Spark: the arrays of candidates/item_knn.py, so scoring and serving need no Spark."""

from typing import Any, Self

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from lib.engine.spark import SparkEngine, running
from lib.spark_settings import SparkConfig
from recommendations.candidates.item_knn import ItemKnn, ItemKnnConfig
from recommendations.dataset.arrays import Csr, Doubles, Floats, Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History

PAIRS = """
with shared as (
    -- each two items once; a person's own pairs are the square of their history
    select a.item as item, b.item as other, count(*) as people, sum(a.step) as steps
    from taken as a join taken as b on a.person = b.person and a.item <= b.item
    group by a.item, b.item
), both as (
    select item, other, people, steps from shared
    union all
    select other, item, people, steps from shared where item <> other
), scored as (
    select both.item, both.other, both.people, both.steps,
        both.people * one.norm * two.norm as cosine, both.steps * one.back * two.ends as walk
    from both join goods as one on one.item = both.item join goods as two on two.item = both.other
), ranked as (
    select item, other, people, steps,
        row_number() over (partition by item order by cosine desc, other) as by_cosine,
        row_number() over (partition by item order by walk desc, other) as by_walk
    from scored
)
select item, other, people, steps, by_cosine, by_walk from ranked where by_cosine <= $most or by_walk <= $most
"""


class SparkItemKnn(ItemKnn):
    """ItemKnn fitted on Spark, by cosine with shrinkage and by the three-step walk."""

    def __init__(self, config: ItemKnnConfig | None = None, spark: SparkConfig | None = None) -> None:
        super().__init__(config)
        self.spark = spark or SparkConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Build both neighbour matrices on Spark. Raises lib.optional.Missing without Spark or Java."""
        if not len(dataset.history.indices):
            # there is nothing to spread over machines
            super().fit(dataset)
            return self
        with running(self.spark) as engine:
            found = _pairs(engine, dataset.history, self.config)
        item, other = found["item"], found["other"]
        buyers = np.bincount(dataset.history.indices, minlength=dataset.n_items).astype(np.float32)
        self.buyers, self.lengths = buyers, dataset.history.lengths
        norm = 1 / np.sqrt(buyers + self.config.shrinkage)
        near, shape = (found["by_cosine"] <= self.config.neighbours + 1) & (item != other), (len(buyers), len(buyers))
        cosine = found["people"] * norm[item] * norm[other]
        self.cosine = _matrix(cosine[near], item[near], other[near], shape)
        count = _matrix(found["people"][near], item[near], other[near], shape)
        self.supported = self._supported(self.cosine, count.data)
        near = (found["by_walk"] <= self.config.neighbours + 1) & (item != other)
        back, ends = _ends(buyers, self.config)
        walk = found["steps"] * back[item] * ends[other]
        self.walk = _matrix(walk[near], item[near], other[near], shape)
        self._name_views(timed=dataset.sequenced)
        return self


def _ends(buyers: Floats, config: ItemKnnConfig) -> tuple[Doubles, Doubles]:
    """What the first and the last item of a walk multiply it by, each (items,)."""
    many = np.maximum(buyers, 1).astype(np.float64)
    return many**-config.walk_power, many**-config.walk_penalty


def _pairs(engine: SparkEngine, history: History, config: ItemKnnConfig) -> dict[str, "np.ndarray[Any, Any]"]:
    """The columns of PAIRS: nearest two items by either likeness, each item with itself included."""
    lengths = history.lengths
    buyers = np.bincount(history.indices, minlength=history.n_items).astype(np.float32)
    back, ends = _ends(buyers, config)
    engine.table(
        "taken",
        {
            "person": np.repeat(np.arange(history.n_users), lengths),
            "item": history.indices,
            "step": np.repeat(np.maximum(lengths, 1).astype(np.float64) ** -config.walk_power, lengths),
        },
    )
    norm = 1 / np.sqrt(buyers.astype(np.float64) + config.shrinkage)
    engine.table("goods", {"item": np.arange(history.n_items), "norm": norm, "back": back, "ends": ends})
    # one more, for the item itself
    answer = pa.Table.from_batches(list(engine.batches(PAIRS, {"most": config.neighbours + 1})))
    return {name: answer.column(name).to_numpy() for name in answer.column_names}


def _matrix(data: "np.ndarray[Any, Any]", rows: Ints, columns: Ints, shape: tuple[int, int]) -> Csr:
    """A float32 CSR matrix with sorted indices."""
    out: Csr = sp.csr_matrix((data.astype(np.float32), (rows, columns)), shape=shape)
    out.sort_indices()
    return out
