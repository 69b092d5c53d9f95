"""What many people take: of all time, lately at several half-lives, and within a person's group."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from recommendations.candidates.base import Arrays, Candidate
from recommendations.candidates.voices import GroupedVoice, Heads, SharedVoice, Voice
from recommendations.dataset.arrays import Bools, Doubles, Floats, Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY, History


@dataclass(frozen=True)
class PopularityConfig:
    """How popularity fades."""

    half_lives: tuple[float, ...] = (1.0, 3.0, 7.0, 30.0, 90.0)
    """Days after which an event counts half. Several, because one tuned on one window is fragile."""
    power: float = 0.5
    """Exponent on the decayed count: a square root keeps one best seller from drowning the order of the rest."""


class Popularity(Candidate):
    """Decayed number of events per item, the same for everyone."""

    name = "popularity"

    def __init__(self, config: PopularityConfig | None = None) -> None:
        self.config = config or PopularityConfig()
        self.counts: dict[str, Floats] = {}

    def fit(self, dataset: Dataset) -> Self:
        """Count liked events by weight; half-lives longer than half the data's span would repeat the all-time count."""
        self.counts = {"popular": self._count(dataset, np.ones(dataset.n_events))}
        for half_life in self.config.half_lives:
            if dataset.timed and 2 * half_life <= dataset.days:
                self.counts[f"popular_{half_life:g}d"] = self._count(dataset, decay(dataset, half_life))
        self.views = tuple(self.counts)
        return self

    def _count(self, dataset: Dataset, fade: Doubles) -> Floats:
        weight = np.maximum(dataset.weight, 0) * fade
        counts = np.bincount(dataset.item_ix, weight, minlength=dataset.n_items)
        return np.asarray(counts**self.config.power, dtype=np.float32)

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """Each view's counts, broadcast to everyone."""
        return {view: np.broadcast_to(counts, (len(users), len(counts))) for view, counts in self.counts.items()}

    def voices(self, rows: History, users: Ints) -> dict[str, Voice]:
        """One order for everybody, sorted once."""
        return {view: SharedVoice(counts, self._orders[view]) for view, counts in self.counts.items()}

    @cached_property
    def _orders(self) -> dict[str, Ints]:
        return {view: np.argsort(-counts, kind="stable") for view, counts in self.counts.items()}

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """One array per view."""
        return dict(self.counts), {"config": asdict(self.config), "views": list(self.views)}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted counts."""
        config = values["config"] | {"half_lives": tuple(values["config"]["half_lives"])}
        out = cls(PopularityConfig(**config))
        out.views = tuple(values["views"])
        out.counts = {view: arrays[view] for view in out.views}
        return out


@dataclass(frozen=True)
class GroupConfig:
    """How far a group may differ from everybody."""

    prior: float = 200.0
    """So many events of everybody are added to each group: small groups look like everybody."""
    half_life: float = 30.0
    """Days after which an event counts half, where there are times."""
    age_band: int = 10
    """Years of birth that form one group."""


class GroupPopularity(Candidate):
    """Popularity within the person's groups (gender, age band, country, declared extra), shrunk towards everybody.

    For people without history it is the only personal view; it needs attributes and no behaviour.
    """

    name = "group"
    views = ("group_popular",)
    attributes = ("gender", "birth_year", "country", "extra")

    def __init__(self, config: GroupConfig | None = None) -> None:
        self.config = config or GroupConfig()
        self.table = np.zeros((1, 0), np.float32)
        self.groups = np.zeros((0, len(self.attributes)), np.int64)

    def fit(self, dataset: Dataset) -> Self:
        """Learn the log share of each item in each group."""
        self.groups, n_groups = _groups(dataset, self.attributes, self.config.age_band)
        fade = decay(dataset, self.config.half_life) if dataset.timed else np.ones(dataset.n_events)
        weight = np.maximum(dataset.weight, 0) * fade
        overall = np.bincount(dataset.item_ix, weight, minlength=dataset.n_items) + 1e-3
        share = overall / overall.sum()
        # events per group and item; row 0 is everybody whose group is unknown
        table = np.zeros((n_groups, dataset.n_items))
        for column in self.groups[dataset.user_ix].T:
            np.add.at(table, (column, dataset.item_ix), weight)
        table[0] = 0
        prior = self.config.prior * share
        lift = np.log((table + prior) / (table.sum(axis=1, keepdims=True) + self.config.prior)) - np.log(share)
        self.table = lift.astype(np.float32)
        self.share = np.log(share).astype(np.float32)
        return self

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """Log share of everybody plus the log lifts of the person's groups."""
        return {self.views[0]: self._numbers(self._groups(users))}

    def voices(self, rows: History, users: Ints) -> dict[str, Voice]:
        """The same, worked out once for all people of the same groups."""
        kinds, kind = np.unique(self._groups(users), axis=0, return_inverse=True)
        return {self.views[0]: GroupedVoice(self.table, self.share, kinds, kind.ravel(), self._heads)}

    @cached_property
    def _heads(self) -> Heads:
        return Heads(self._sums)

    def _groups(self, users: Ints) -> Ints:
        """Each person's groups (people, attributes), 0 for people it has never met."""
        known = (users >= 0) & (users < len(self.groups))
        if not len(self.groups):
            return np.zeros((len(users), len(self.attributes)), np.int64)
        return np.where(known[:, None], self.groups[np.where(known, users, 0)], 0)

    def _numbers(self, groups: Ints) -> Floats:
        """One row of numbers (items,) for each row of `groups`."""
        out = self._sums(groups)
        # above 0 for every item, so that "knows nothing" stays the lowest score
        return np.asarray(out - out.min(axis=1, keepdims=True))

    def _sums(self, groups: Ints) -> Floats:
        out = np.tile(self.share, (len(groups), 1))
        for column in groups.T:
            out += self.table[column]
        return out

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Lifts per group, log shares, and each person's groups."""
        return {"table": self.table, "share": self.share, "groups": self.groups}, {"config": asdict(self.config)}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted groups."""
        out = cls(GroupConfig(**values["config"]))
        out.table, out.share, out.groups = arrays["table"], arrays["share"], arrays["groups"]
        return out


class FreshGroupPopularity(GroupPopularity):
    """The same of the last days, for shops whose goods come and go: what suits people without history best differs."""

    name = "group_fresh"
    views = ("group_popular_7d",)

    def __init__(self, config: GroupConfig | None = None) -> None:
        super().__init__(config or GroupConfig(half_life=7.0))


def decay(dataset: Dataset, half_life: float) -> Doubles:
    """0.5^(age / half_life) per event, `half_life` in days, age counted from the newest event."""
    if not dataset.n_events:
        return np.zeros(0)
    return np.asarray(np.exp2(-(dataset.timestamp.max() - dataset.timestamp) / (DAY * half_life)))


def has_groups(dataset: Dataset) -> Bools:
    """Which people have at least one attribute to group by, shape (users,)."""
    return np.asarray((dataset.user_table[list(GroupPopularity.attributes)] != "").any(axis=1))


def _groups(dataset: Dataset, attributes: tuple[str, ...], age_band: int) -> tuple[Ints, int]:
    """Each person's group per attribute (users, attributes), 0 unknown, numbered throughout; and how many there are."""
    out = np.zeros((dataset.n_users, len(attributes)), np.int64)
    start = 1
    for place, attribute in enumerate(attributes):
        column = dataset.user_table[attribute].astype(str)
        if attribute == "birth_year":
            year = column.str.extract(r"^(\d{4})", expand=False).fillna("0").astype(int).to_numpy()
            column = pd.Series([str(born // age_band) if born else "" for born in year.tolist()])
        values = sorted(set(column) - {""})
        # as many values as people: an identifier, no group
        if len(values) > max(2, dataset.n_users // 3):
            continue
        code = {value: start + at for at, value in enumerate(values)}
        out[:, place] = [code.get(value, 0) for value in column]
        start += len(values)
    return out, start
