"""Alternating least squares on Spark's MLlib: the factors of candidates/als.py, so serving them needs no Spark."""

import numpy as np

from lib import optional
from lib.engine.spark import running
from lib.spark_settings import ADVICE, SparkConfig
from recommendations.candidates.als import Als, AlsConfig
from recommendations.dataset.arrays import Csr, Floats, row_lengths

BLOCKS = 8
"""Parts that people and items are cut into, whatever the number of processors: it decides what is drawn at random."""


class SparkAls(Als):
    """Als fitted by pyspark.ml.recommendation.ALS; people are folded in as ever."""

    def __init__(self, config: AlsConfig | None = None, spark: SparkConfig | None = None) -> None:
        super().__init__(config)
        self.spark = spark or SparkConfig()

    def _factorised(self, pairs: Csr) -> Floats:
        """Factors of the columns of `pairs`; raises lib.optional.Missing without Spark or Java.

        MLlib's confidence of a taken pair is 1 + alpha, and its penalty on a person's or item's factors grows with the
        number of their pairs, so that ours, which does not, is divided by what a pair's ends have on average.
        """
        c = self.config
        ends = np.sqrt(pairs.nnz / pairs.shape[0] * (pairs.nnz / pairs.shape[1]))
        with running(self.spark) as engine:
            taken = engine.table(
                "taken",
                {
                    "person": np.repeat(np.arange(pairs.shape[0], dtype=np.int32), row_lengths(pairs)),
                    "item": pairs.indices.astype(np.int32),
                    "weight": pairs.data,
                },
            )
            learner = optional.module("pyspark.ml.recommendation", ADVICE).ALS(
                rank=c.factors,
                maxIter=c.rounds,
                regParam=c.penalty * self.alpha / ends,
                implicitPrefs=True,
                alpha=self.alpha - 1,
                numUserBlocks=BLOCKS,
                numItemBlocks=BLOCKS,
                userCol="person",
                itemCol="item",
                ratingCol="weight",
                seed=c.seed,
            )
            out = np.zeros((pairs.shape[1], c.factors), np.float32)
            for batch in engine.fetch(learner.fit(taken).itemFactors):
                ids = batch.column("id").to_numpy()
                out[ids] = batch.column("features").flatten().to_numpy().reshape(len(ids), -1)
        return out
