"""Train the whole recommender: learn the blend on validation windows, then refit every learner on everything."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lib.engine.spark import running
from lib.progress import Progress, silent
from recommendations.candidates.catalogue import learners_for, left_out
from recommendations.candidates.means import Means
from recommendations.candidates.settings import is_large
from recommendations.dataset.arrays import Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import support
from recommendations.pipeline.fitted import FittedHybrid
from recommendations.pipeline.learn import learn_blends
from recommendations.pipeline.tuning import as_values
from recommendations.ranking.grounds import grounds_of
from recommendations.ranking.hybrid import prior_blend
from recommendations.ranking.pool import view_names
from recommendations.ranking.query import words_of
from recommendations.ranking.traits import ItemFeatures


def fit_hybrid(
    dataset: Dataset,
    *,
    asked: Ints | None = None,
    seed: int = 0,
    means: Means | None = None,
    progress: Progress | None = None,
) -> FittedHybrid:
    """Everything learned from `dataset`: learners, blend, and an honest report of how good they are.

    `asked` are the positions of the people lists are wanted for, which decides how to validate; None means the shop's
    own future (time windows). The same data and seed give the same result. Raises lib.optional.Missing, before any
    work, when `means` asks for what this machine has not, and lib.engine.EngineError where Spark does not start.
    """
    tell = progress or silent
    means = means or Means()
    means.require()
    # many small products: threads would wait for each other longer than they work
    with _spark(means), threadpool_limits(1):
        learned = learn_blends(dataset, asked, seed, means, tell)
        learners = learners_for(dataset, learned.settings, means)
        for done, learner in enumerate(learners):
            tell(done, len(learners), f"fitting {learner.name} on everything")
            learner.fit(dataset)
    views = view_names(learners)
    facts = {
        "seed": seed,
        "protocol": learned.protocol,
        "tuned": as_values(learned.settings),
        "trees": {goal: opinion.share for goal, opinion in learned.opinions.items()},
        "curve": learned.curves,
        "left_out": left_out(means),
        "large": is_large(dataset),
        "engine": means.engine,
        "neural": means.neural,
        "repeat_rate": round(dataset.repeat_rate, 4),
        "users": dataset.n_users,
        "items": dataset.n_items,
        "events": dataset.n_events,
        "pairs": len(dataset.history.indices),
    }
    return FittedHybrid(
        users=dataset.users,
        items=dataset.items,
        learners=learners,
        history=dataset.history,
        # without anybody to validate on, the prior over all views is the best guess
        fresh=learned.fresh.on(views).traced() if learned.reports else prior_blend(views),
        again=learned.again.on(views).traced() if learned.again else None,
        opinions=learned.opinions,
        shelf=ItemFeatures.of(dataset),
        buyers=support(dataset.history),
        categories=_categories(dataset),
        grounds=grounds_of(dataset),
        words=words_of(dataset.item_table),
        facts=facts,
        reports=learned.reports,
        marks=learned.marks,
    )


def _spark(means: Means) -> AbstractContextManager[Any]:
    """Keep Spark running, where it is chosen, for all that is fitted within: a start takes longer than most fits."""
    return running(means.spark) if means.on_spark else nullcontext()


def _categories(dataset: Dataset) -> Ints:
    """A number per category, -1 where the item has none, shape (items,)."""
    column = dataset.item_table["category"].astype(str)
    codes, _ = pd.factorize(column.where(column != "", None))
    return codes.astype(np.int64)
