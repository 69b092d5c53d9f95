"""A trained recommender: ask it for lists with reasons, keep it in a signed folder, take it out again."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lib import artifacts
from recommendations.candidates.base import Candidate
from recommendations.candidates.catalogue import LEARNERS
from recommendations.candidates.item_knn import ItemKnn
from recommendations.dataset.arrays import Bools, Doubles, Floats, Ints
from recommendations.dataset.history import History
from recommendations.evaluation.evaluate import EvaluationReport, Marks
from recommendations.pipeline.ranked import Given, Ranked, merge, ranked, varied
from recommendations.ranking import reasons
from recommendations.ranking.ascent import blend
from recommendations.ranking.grounds import Grounds, category_shares
from recommendations.ranking.hybrid import Blend
from recommendations.ranking.policy import Policy
from recommendations.ranking.pool import (
    PER_VIEW,
    SPARSE_PER_VIEW,
    Pool,
    PoolRules,
    align,
    build_pool,
    chunks,
    scale_of,
    standardise,
)
from recommendations.ranking.query import Words
from recommendations.ranking.reranker import PoolFeatures, Reranker, SecondOpinion
from recommendations.ranking.traits import ItemFeatures

NOTHING = np.zeros((0, 0, 0), np.float32)
FORMAT = 5
"""Of a model folder; counted up whenever a learner keeps something else than before, lest an older one is misread."""


@dataclass(frozen=True)
class Lists:
    """Ranked lists, best first; arrays of shape (people, k)."""

    items: Ints
    """Positions of items, -1 where the catalogue or the policy leaves fewer."""
    scores: Doubles
    """The blend's score, never rising within a list, NaN where there is no item."""
    reasons: Ints
    """Numbers of ranking.reasons.ListReason."""
    sources: Ints
    """The history item a reason names, -1 where it names none."""
    shares: Floats
    """How much of each score each reason gives, shape (people, k, reasons)."""


@dataclass(frozen=True)
class Wish:
    """What is asked of a list."""

    k: int = 20
    policy: Policy | None = None
    """The shop's rules; None lets everything through."""
    fill: bool = False
    """Whether a list that runs out of new things goes on with what the person has, to reach k."""
    diversity: float = 0.0
    """From 0 (by score alone) to 1 (as varied by category as can be)."""
    lift: Floats | None = None
    """Factor of each item on its score (ranking.boosts.factors), shape (items,); None boosts nothing."""


@dataclass
class FittedHybrid:
    """Learners, blend and histories; positions are those of `users` and `items`."""

    users: pd.Index
    items: pd.Index
    learners: list[Candidate]
    history: History
    fresh: Blend
    again: Blend | None
    opinions: dict[str, SecondOpinion]
    """What the trees say beside `fresh` (goal `new`) and `again` (goal `any`); missing where the blend is alone."""
    shelf: ItemFeatures
    buyers: Ints
    """People who have each item, shape (items,)."""
    categories: Ints
    """Number of each item's category, -1 for none, shape (items,)."""
    grounds: Grounds
    """The facts behind sentences."""
    words: Words
    """The words of the items, for questions."""
    facts: dict[str, Any] = field(default_factory=dict)
    """How it was made: protocol, ridge, seed, counts."""
    reports: list[EvaluationReport] = field(default_factory=list)
    marks: list[Marks] = field(default_factory=list)
    """What each judged person got, a report each; a model folder does not hold them."""

    def recommend(self, users: Ints, wish: Wish | None = None, done: Callable[[int], None] | None = None) -> Lists:
        """Lists for people at positions `users`, -1 for somebody unknown; `done` hears how many are ready.

        In a large shop people with histories of like length are scored together, a chunk on each processor.
        """
        wish = wish or Wish()
        order = np.arange(len(users))
        if self.large:
            order = np.argsort(np.where(users >= 0, self.history.lengths[users], 0), kind="stable")
        parts: list[Lists] = []
        ready = 0
        # one thread for every library, as in training: the products are small
        with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as workers:
            run = workers.map if self.large else map
            for lists in run(lambda part: self._chunk(part, wish), self._parts(users[order])):
                parts.append(lists)
                ready += len(lists.items)
                if done:
                    done(ready)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return Lists(*(np.concatenate([getattr(p, name) for p in parts])[back] for name in Lists.__dataclass_fields__))

    def _parts(self, users: Ints) -> list[Ints]:
        return chunks(users, len(self.items)) or [users]

    @property
    def large(self) -> bool:
        """True for a shop that no array of people x items is formed for (catalogue.is_large)."""
        return bool(self.facts.get("large", False))

    def _chunk(self, users: Ints, wish: Wish) -> Lists:
        rows = self.history.take(users)
        policy = wish.policy or Policy.open(len(self.items))
        few = SPARSE_PER_VIEW if self.large else PER_VIEW
        again = self.again is not None
        rules = PoolRules(policy.eligible, with_seen=again, per_view=max(few, wish.k), sparse=self.large)
        pool = align(build_pool(self.learners, rows, users, rules), self.fresh.views)
        allowed = pool.real & (policy.why_not(rows, users, pool.items) == 0)
        lists = self._rank(pool, rows, allowed, wish)
        if wish.diversity:
            lists = varied(lists, self.categories, wish.diversity)
        lists.fill(self._leftovers(lists, rows, users, policy, fill=wish.fill))
        return self.explained(lists, rows)

    def _rank(self, pool: Pool, rows: History, allowed: Bools, wish: Wish) -> Ranked:
        """The order for new items and, where people buy again, that for anything merged into it."""
        names, traits = self.shelf.describe(rows, pool.items, pool.seen) if self.opinions else ((), NOTHING)
        taken = self.buyers[np.maximum(pool.items, 0)] > 0
        lift = None if wish.lift is None else wish.lift[np.maximum(pool.items, 0)]

        def order(goal: str, mix: Blend, open_: Bools, among: Bools) -> Ranked:
            features = standardise(pool.features, open_, scale_of(open_, taken))
            cells = PoolFeatures(pool.views, features, open_, names, traits)
            given = Given(cells.features, mix.for_lengths(pool.lengths), among, lift)
            scores = blend(given.features, given.weights)
            if goal in self.opinions:
                scores = self.opinions[goal].mixed(scores, cells, pool.lengths, taken)
            return ranked(pool, given, scores, wish.k)

        fresh = order("new", self.fresh, pool.real & ~pool.seen, allowed & ~pool.seen)
        return merge(fresh, order("any", self.again, pool.real, allowed)) if self.again else fresh

    def _leftovers(self, lists: Ranked, rows: History, users: Ints, policy: Policy, *, fill: bool) -> dict[int, Ints]:
        """For each person whose list is short, more items by popularity: new ones, then with `fill` those they have."""
        out: dict[int, Ints] = {}
        order = np.argsort(-self.buyers, kind="stable")
        for person in np.flatnonzero((lists.items < 0).any(axis=1)):
            own = rows.indices[rows.indptr[person] : rows.indptr[person + 1]]
            free = policy.codes(rows.take(np.array([person])), users[[person]])[0] == 0
            free[lists.items[person][lists.items[person] >= 0]] = False
            has = np.zeros(len(free), bool)
            has[own] = True
            more = order[(free & ~has)[order]]
            out[int(person)] = np.r_[more, order[(free & has)[order]]] if fill else more
        return out

    def explained(self, lists: Ranked, rows: History) -> Lists:
        """`lists` of the people whose history is `rows`, with the reason told for each item."""
        knn = next(learner for learner in self.learners if isinstance(learner, ItemKnn))
        at = np.maximum(lists.items, 0)
        sources, bought = knn.reasons(rows, lists.items), self.grounds.bought_together(rows, lists.items, self.buyers)
        evidence = reasons.ReasonEvidence(
            shares=lists.shares,
            source=self.grounds.nameable(sources),
            buyers=self.buyers[at],
            seen=rows.holds(lists.items),
            together=bought.source,
            often=bought.often,
            new=self.grounds.new(rows.now)[at],
            liked=category_shares(rows, self.categories, lists.items),
            sensitive=self.grounds.sensitive[at],
        )
        told = reasons.choose(evidence)
        return Lists(lists.items, lists.scores, told, reasons.named(told, evidence), lists.shares)

    def save(self, folder: Path, key_file: Path) -> dict[str, Any]:
        """Write a signed folder and return its manifest (see lib.artifacts)."""
        kept = {learner.name: learner.artifacts() for learner in self.learners}
        history, history_values = self.history.artifacts()
        shelf, shelf_values = self.shelf.artifacts()
        grounds, grounds_values = self.grounds.artifacts()
        words, words_values = self.words.artifacts()
        bundle = artifacts.Bundle(
            arrays={name: arrays for name, (arrays, _) in kept.items()}
            | {f"trees_{goal}": opinion.trees.artifacts()[0] for goal, opinion in self.opinions.items()}
            | {
                "history": history,
                "shelf": shelf,
                "grounds": grounds,
                "words": words,
                "catalogue": {"buyers": self.buyers, "categories": self.categories},
            },
            values={
                "recipe": {
                    "learners": {name: values for name, (_, values) in kept.items()},
                    "order": [learner.name for learner in self.learners],
                    "history": history_values,
                    "shelf": shelf_values,
                    "opinions": {
                        goal: {"share": opinion.share, "trees": opinion.trees.artifacts()[1]}
                        for goal, opinion in self.opinions.items()
                    },
                    "grounds": grounds_values,
                    "fresh": self.fresh.as_values(),
                    "again": self.again.as_values() if self.again else None,
                    "facts": self.facts,
                },
                "reports": [report.as_values() for report in self.reports],
                "words": words_values,
            },
            frames={
                "users": pd.DataFrame({"user": self.users.astype(str)}),
                "items": pd.DataFrame({"item": self.items.astype(str)}),
            },
        )
        return artifacts.save(bundle, folder, key_file, notes={"kind": "hybrid", "format": FORMAT, **self.facts})

    @classmethod
    def load(cls, folder: Path, public: bytes) -> Self:
        """The recommender in `folder`.

        Raises lib.artifacts.BadArtifact unless every byte is what `public` signed, OtherFormat for a folder of another
        FORMAT.
        """
        bundle, notes = artifacts.load(folder, public)
        if notes.get("format") != FORMAT:
            raise artifacts.OtherFormat(f"a model of format {notes.get('format', 1)}, not {FORMAT}")
        recipe = bundle.values["recipe"]
        learners = [
            LEARNERS[name].from_artifacts(bundle.arrays[name], recipe["learners"][name]) for name in recipe["order"]
        ]
        return cls(
            users=pd.Index(bundle.frames["users"]["user"].astype(object)),
            items=pd.Index(bundle.frames["items"]["item"].astype(object)),
            learners=learners,
            history=History.from_artifacts(bundle.arrays["history"], recipe["history"]),
            fresh=Blend.from_values(recipe["fresh"]),
            again=Blend.from_values(recipe["again"]) if recipe["again"] else None,
            opinions={
                goal: SecondOpinion(
                    Reranker.from_artifacts(bundle.arrays[f"trees_{goal}"], values["trees"]), values["share"]
                )
                for goal, values in recipe["opinions"].items()
            },
            shelf=ItemFeatures.from_artifacts(bundle.arrays["shelf"], recipe["shelf"]),
            buyers=bundle.arrays["catalogue"]["buyers"],
            categories=bundle.arrays["catalogue"]["categories"],
            grounds=Grounds.from_artifacts(bundle.arrays["grounds"], recipe["grounds"]),
            words=Words.from_artifacts(bundle.arrays["words"], bundle.values["words"]),
            facts=recipe["facts"],
            reports=[EvaluationReport.from_values(values) for values in bundle.values["reports"]],
        )
