"""A question put to a trained recommender: matching items in the order that suits each person."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from recommendations.candidates.voices import PoolCells
from recommendations.dataset.arrays import Bools, Floats, Ints
from recommendations.dataset.history import History
from recommendations.pipeline.fitted import FittedHybrid, Lists
from recommendations.pipeline.ranked import Ranked
from recommendations.ranking import reasons
from recommendations.ranking.ascent import blend, top_cells
from recommendations.ranking.policy import Policy
from recommendations.ranking.pool import Pool, align, chunks, scale_of, standardise
from recommendations.ranking.query import combined, pool_of


@dataclass(frozen=True)
class Question:
    """What is asked for."""

    text: str
    kinds: tuple[str, ...] = ()
    """Which of dataset.events.ITEM_KINDS may answer; none means all."""
    k: int = 20
    policy: Policy | None = None
    """The shop's rules; None lets everything through."""


def answer(fitted: FittedHybrid, users: Ints, question: Question, done: Callable[[int], None] | None = None) -> Lists:
    """Lists for people at positions `users`, -1 for somebody unknown, of items that match the question.

    A list ends where nothing more matches. People without history get what matches, popular things first. `done` hears
    how many lists are ready. Raises ValueError for a kind that does not exist.
    """
    policy = question.policy or Policy.open(len(fitted.items))
    match = fitted.words.match(question.text)
    items = pool_of(match, policy.eligible & fitted.words.of_kinds(question.kinds))
    parts: list[Lists] = []
    ready = 0
    for part in chunks(users, len(fitted.items)) or [users]:
        # one thread, as in training: the products are small
        with threadpool_limits(1):
            rows = fitted.history.take(part)
            pool = _pool(fitted, rows, part, items)
            open_ = policy.why_not(rows, part, pool.items) == 0
            parts.append(fitted.explained(_ranked(fitted, pool, (match[items], open_), question.k), rows))
        ready += len(part)
        if done:
            done(ready)
    return Lists(*(np.concatenate([getattr(one, name) for one in parts]) for name in Lists.__dataclass_fields__))


def _pool(fitted: FittedHybrid, rows: History, users: Ints, items: Ints) -> Pool:
    """A pool that holds exactly `items` for everybody, with what every view says of them."""
    views: dict[str, Floats] = {}
    cells = PoolCells(np.tile(items, (len(users), 1)), rows.n_items)
    for learner in fitted.learners:
        if fitted.large:
            views |= {name: voice.at(cells) for name, voice in learner.voices(rows, users).items()}
        else:
            views |= {name: scores[:, items] for name, scores in learner.scores(rows, users).items()}
    pool = Pool(
        views=tuple(views),
        users=users,
        lengths=rows.lengths,
        items=cells.items,
        seen=rows.holds(cells.items),
        features=np.stack(list(views.values())).astype(np.float32),
    )
    return align(pool, (fitted.again or fitted.fresh).views)


def _ranked(fitted: FittedHybrid, pool: Pool, given: tuple[Floats, Bools], k: int) -> Ranked:
    """The `k` best open items of each person by text and taste; `given` is the match (items,) and what is open."""
    match, open_ = given
    taken = fitted.buyers[pool.items] > 0
    features = standardise(pool.features, pool.real, scale_of(pool.real, taken))
    weights = (fitted.again or fitted.fresh).for_lengths(pool.lengths)
    scores, text = combined(match, blend(features, weights), scale_of(open_, taken))
    cells = top_cells(scores, open_, k)
    real = np.take_along_axis(open_, cells, axis=1)
    reached, by_text = (np.take_along_axis(part, cells, axis=1) for part in (scores, text))
    taste = reasons.shares(np.take_along_axis(features, cells[None], axis=2) * weights.T[:, :, None], pool.views)
    share = taste * ((reached - by_text) / np.maximum(reached, 1e-9))[..., None]
    # what taste cannot put down to any view is the text's: the shares of a cell sum to 1
    share[..., reasons.ListReason.MATCH] = 1 - share.sum(axis=-1)
    return Ranked(
        np.where(real, np.take_along_axis(pool.items, cells, axis=1), -1),
        np.where(real, reached.astype(float), np.nan),
        real & np.take_along_axis(pool.seen, cells, axis=1),
        (share * real[..., None]).astype(np.float32),
    ).widened(k)
