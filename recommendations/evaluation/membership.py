"""Do the served lists tell whose history a model learned from? A membership-inference attack, and how well it does.

The question is that of Shokri et al., "Membership Inference Attacks Against Machine Learning Models" (IEEE S&P 2017),
put to a recommender as Zhang et al., "Membership Inference Attacks Against Recommender Systems" (CCS 2021): somebody
who knows a person's history and sees that person's list guesses whether the person was among those who agreed to be
learned from.

What makes the attack fair and hard:

- Everybody is asked for twice, of a model that learned from them and of a model that did not, both times with their
  own history handed in, as a serving model has it. So both answers follow the taste, and in a shop where people buy
  again both hold what the person bought: that alone gives nobody away. Zhang's non-members got popular items, because
  a model without their history knew nothing better; an attack that only finds this out would find a missing history.
- The attacker knows the whole history, the catalogue with its categories, how popular everything is, and how alike
  items are among people whom both models learned from.
- The attacker sees the places and the scores, and has several signals (SIGNALS): how far the list goes back to the
  person's own things, how alike it is to them, how much of it nobody else's behaviour explains, how common it is, how
  sure and how steep its scores are; and all of them at once, by a logistic regression learned on half of the people
  and tried on the other half, as Shokri's attack model.

What is told is the strongest of them, chosen with hindsight, which no attacker has. An AUC of .5 is guessing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from recommendations.dataset.arrays import Bools, Csr, Doubles, Ints, dense
from recommendations.evaluation.bootstrap import middle

BOUND = 0.65
"""The largest AUC a model may go live with. The estimate is held against it: it is the strongest attack's, chosen with
hindsight, and so lies rather too high than too low, the more so the fewer people there are."""
LIST = 20
"""Places of a list that the attacker sees."""
FALSE_ALARMS = 0.01
"""Share of non-members an attacker may take for members in `caught`."""
RESAMPLES = 500
COMBINED = "combined"


@dataclass(frozen=True)
class Seen:
    """What the attacker sees of the people asked for; arrays of shape (people, places), best first."""

    items: Ints
    """Positions of items, -1 where a list is short."""
    scores: Doubles
    """NaN where there is no item."""


@dataclass(frozen=True)
class Knowledge:
    """What the attacker knows beforehand."""

    past: Csr
    """people x items, 1 for what each person asked for had."""
    alike: Csr
    """items x items, how alike items are among people whom both models learned from."""
    buyers: Ints
    """Of those people, how many have each item, shape (items,)."""
    categories: Ints
    """Number of each item's category, -1 for none, shape (items,)."""


@dataclass(frozen=True)
class MembershipAttack:
    """How well the strongest attack tells members from others."""

    people: int
    """Asked for, each of a model that learned from them and of one that did not."""
    attack: str
    """Name of the strongest: one of SIGNALS, or COMBINED."""
    auc: float
    low: float
    """Lower end of the 95 % bootstrap interval over people, the strongest chosen anew in each resample."""
    high: float
    caught: float
    """Share of members found when one non-member in a hundred is taken for one (Carlini et al., 2022)."""
    aucs: dict[str, float]
    """Of every attack."""

    def within(self, bound: float = BOUND) -> bool:
        """True when the strongest attack's AUC is at most `bound`."""
        return self.auc <= bound

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """What as_values() described."""
        return cls(**values)


def signals(seen: Seen, known: Knowledge) -> dict[str, Doubles]:
    """Each of SIGNALS for every person of `seen`, in the order of `known.past`; higher speaks for a member."""
    items, scores = seen.items[:, :LIST], np.nan_to_num(seen.scores[:, :LIST])
    real = items >= 0
    at = np.maximum(items, 0)
    # the top of a list says more, as everywhere (metrics.py)
    weight = real / np.log2(np.arange(2, items.shape[1] + 2))
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    had = np.take_along_axis(dense(known.past) > 0, at, axis=1) & real
    # the person's own things speak for each item of the list, as far as others' behaviour knows
    explained = np.take_along_axis(dense(known.past @ known.alike), at, axis=1).astype(np.float64)
    explained /= np.maximum(np.asarray(known.past.sum(axis=1)), 1)
    common = np.log1p(known.buyers.astype(np.float64))[at]
    ahead = _share(weight * had, scores) - _share(weight * (real & ~had), scores)
    places = scores.shape[1]
    return {
        "own": (weight * had).sum(axis=1),
        "alike": (weight * explained).sum(axis=1),
        "unexplained": (weight * (explained <= 0)).sum(axis=1),
        "own_unexplained": _share(weight * had, -explained),
        "category": (weight * _same_category(items, known)).sum(axis=1),
        "rare": -(weight * common).sum(axis=1),
        "sure": scores[:, 0],
        "steep": scores[:, 0] - scores[:, min(places, 10) - 1],
        "own_ahead": np.where(had.any(axis=1), ahead, 0),
    }


SIGNALS = ("own", "alike", "unexplained", "own_unexplained", "category", "rare", "sure", "steep", "own_ahead")
"""own: the list goes back to what the person had; alike: it is like that; unexplained: nobody else's behaviour leads
there; own_unexplained: the person's own things are in it although nobody else's behaviour leads there; category: it
stays in their categories; rare: it is not what is popular anyway; sure, steep: the scores are high or fall quickly;
own_ahead: own things score above all others."""


def attack(inside: Mapping[str, Doubles], outside: Mapping[str, Doubles], seed: int = 0) -> MembershipAttack:
    """Try every attack on `inside` (signals() of people asked of a model that learned from them) and `outside` (the
    same people, in the same order, asked of one that did not).

    Raises ValueError without people, or when both differ in number.
    """
    tables = [np.stack([one[name] for name in SIGNALS], axis=1) for one in (inside, outside)]
    if len(tables[0]) != len(tables[1]) or not len(tables[0]):
        raise ValueError("the same people must be asked of both models, at least one")
    people = len(tables[0])
    columns = {name: np.stack([table[:, at] for table in tables]) for at, name in enumerate(SIGNALS)}
    columns[COMBINED] = _combined(tables[0], tables[1], seed)
    aucs = {name: auc(*column) for name, column in columns.items()}
    strongest = max(aucs, key=lambda name: aucs[name])
    rng = np.random.default_rng(seed)
    best = np.empty(RESAMPLES)
    for at in range(RESAMPLES):
        drawn = rng.integers(0, people, people)
        best[at] = max(auc(one[0][drawn], one[1][drawn]) for one in columns.values())
    low, high = middle(best)
    return MembershipAttack(people, strongest, aucs[strongest], low, high, _caught(*columns[strongest]), aucs)


def auc(members: Doubles, others: Doubles) -> float:
    """Chance that a member's signal is above another's, ties counting half (Mann and Whitney, 1947).

    Either may be of any length but 0.
    """
    ranks = rankdata(np.r_[members, others])
    n, m = len(members), len(others)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def _combined(inside: Doubles, outside: Doubles, seed: int) -> Doubles:
    """Log odds (2, people) of a logistic regression on all signals, each half of the people by the other half's."""
    people = len(inside)
    half = np.random.default_rng(seed).permutation(people) % 2
    out = np.zeros((2, people))
    for one in (0, 1):
        learn, tried = half != one, half == one
        if not learn.any() or not tried.any():
            continue
        scale = StandardScaler().fit(np.r_[inside[learn], outside[learn]])
        told = LogisticRegression(C=1.0, max_iter=200)
        told.fit(
            scale.transform(np.r_[inside[learn], outside[learn]]),
            np.r_[np.ones(int(learn.sum())), np.zeros(int(learn.sum()))],
        )
        for row, table in enumerate((inside, outside)):
            out[row, tried] = told.decision_function(scale.transform(table[tried]))
    return out


def _caught(members: Doubles, others: Doubles) -> float:
    """Share of `members` above all but FALSE_ALARMS of `others`."""
    return float((members > np.quantile(others, 1 - FALSE_ALARMS)).mean())


def _share(weight: Doubles, values: Doubles) -> Doubles:
    """Mean of `values` by `weight` in each row; 0 where nothing weighs."""
    return np.asarray((weight * values).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-12))


def _same_category(items: Ints, known: Knowledge) -> Doubles:
    """The share of each person's past that is of the listed item's category, (people, places); 0 for no category."""
    number = np.where(items >= 0, known.categories[np.maximum(items, 0)], -1)
    count = int(known.categories.max(initial=-1)) + 1
    if not count:
        return np.zeros(items.shape)
    people = np.repeat(np.arange(items.shape[0]), np.diff(known.past.indptr))
    theirs = known.categories[known.past.indices]
    held: Bools = theirs >= 0
    table = np.zeros((items.shape[0], count))
    np.add.at(table, (people[held], theirs[held]), 1.0)
    table /= np.maximum(np.asarray(known.past.sum(axis=1)), 1)
    return np.asarray(np.where(number >= 0, np.take_along_axis(table, np.maximum(number, 0), axis=1), 0.0))
