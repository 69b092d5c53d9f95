"""How good the lists of a batch are, on what people did afterwards: the figures of a test file, beside popularity.

Main figures are over people with history who took at least one item with history; their lists are stripped of items
without history and, unless `repeats`, of what they had, before they are cut. NDCG's gain is binary, its ideal list cut
at 10; recall divides by all right answers, MAP by min(right answers, 10). Beside them stand figures over all items, of
items without history, and of people without history.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recommendations.dataset.arrays import Bools, Doubles, Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import BadInput, Flaw
from recommendations.evaluation.metrics import interval

K, LONG = 10, 20
BUCKETS: tuple[tuple[str, int, int], ...] = (("cold_le3", 0, 3), ("warm_4_20", 4, 20), ("hot_gt20", 21, 1 << 62))
"""Name, fewest and most distinct items in the history."""
PEOPLE_AT_ONCE = 2_000
MEASURES = ("ndcg10", "recall10", "recall20", "map10", "map10_ms", "hit10", "prec10")


@dataclass(frozen=True)
class BatchCase:
    """What people did afterwards, in positions of the dataset; items that only the test knows come after its own."""

    users: pd.Index
    """People of the test, sorted."""
    n_items: int
    warm: Bools
    """Items with history, shape (items,)."""
    takers: Ints
    """Different people who have each item, shape (items,)."""
    n_people: int
    """People with history in all."""
    lengths: Ints
    """Distinct items in each person's history, shape (users,)."""
    owned: Ints
    """Sorted keys (person times items plus item) of what people of the test had."""
    known: Ints
    """Sorted keys of right answers with history, of people with history."""
    unseen: Ints
    """Sorted keys of right answers without history, of people with history."""
    newcomers: Ints
    """Sorted keys of right answers with history, of people without."""
    n_newcomers: int
    """People of the test without history."""
    repeats: bool
    """Whether what people had may be a right answer."""


@dataclass(frozen=True)
class Result:
    """Figures by name, and NDCG@10 of each person of the main ones, in the order of the exam."""

    figures: dict[str, Any]
    ndcg10: Doubles


@dataclass
class Measured:
    """The hybrid beside popularity."""

    hybrid: Result
    popularity: Result
    gain: dict[str, Any] = field(init=False)
    """NDCG@10 of the hybrid minus popularity's, with the paired bootstrap interval over people."""

    def __post_init__(self) -> None:
        """Compare person by person."""
        difference = self.hybrid.ndcg10 - self.popularity.ndcg10
        low, high = interval(difference)
        self.gain = {"ndcg10": float(difference.mean()) if len(difference) else 0.0, "low": low, "high": high}

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"hybrid": self.hybrid.figures, "popularity": self.popularity.figures, "gain": self.gain}

    def table(self) -> str:
        """Every figure of both, a line each."""
        lines = [f"{'':24s}{'hybrid':>20s}{'popularity':>20s}"]
        for name, value in self.hybrid.figures.items():
            lines.append(f"{name:24s}{_cell(value):>20s}{_cell(self.popularity.figures[name]):>20s}")
        gain = self.gain
        lines.append(f"{'ndcg10 over popularity':24s}{gain['ndcg10']:+.5f} [{gain['low']:+.5f}, {gain['high']:+.5f}]")
        return "\n".join(lines)


def read_test(path: Path) -> pd.DataFrame:
    """The rows of a test file (user,item, and cold_user,cold_item where given); raises BadInput, naming lines."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BadInput([Flaw(path.name, 1, "-", f"is no readable CSV: {error}")], 1) from error
    if missing := [name for name in ("user", "item") if name not in frame.columns]:
        raise BadInput([Flaw(path.name, 1, name, "is missing from the header") for name in missing], len(missing))
    for name in ("user", "item"):
        frame[name] = frame[name].str.strip()
        if len(bad := np.flatnonzero((frame[name] == "").to_numpy())):
            raise BadInput([Flaw(path.name, int(row) + 2, name, "is empty") for row in bad[:5]], len(bad))
    return frame


def repeats_of(path: Path) -> bool:
    """Whether `meta.json` beside a test file says that repeats count; False where there is none."""
    beside = path.with_name("meta.json")
    return bool(json.loads(beside.read_text(encoding="utf-8")).get("repeats", False)) if beside.exists() else False


def exam_of(dataset: Dataset, test: pd.DataFrame, *, repeats: bool) -> BatchCase:
    """The exam that `test` sets to somebody who knows `dataset`: every event counts as history, whatever its kind."""
    items = dataset.items.append(pd.Index(test["item"].unique()).difference(dataset.items, sort=False))
    users = pd.Index(np.sort(test["user"].unique().astype(object)))
    place = users.get_indexer(dataset.users)
    pairs = np.unique(dataset.user_ix * len(items) + dataset.item_ix)
    who, what = pairs // len(items), pairs % len(items)
    takers = np.bincount(what, minlength=len(items))
    asked = place[who] >= 0
    owned = np.sort(place[who[asked]] * len(items) + what[asked])
    lengths = np.bincount(owned // len(items), minlength=len(users))
    user, item = users.get_indexer(pd.Index(test["user"])), items.get_indexer(pd.Index(test["item"]))
    cold_user = _flag(test, "cold_user", lengths[user] == 0)
    cold_item = _flag(test, "cold_item", takers[item] == 0)
    key = user.astype(np.int64) * len(items) + item
    return BatchCase(
        users=users,
        n_items=len(items),
        warm=takers > 0,
        takers=takers,
        n_people=len(np.unique(who)),
        lengths=lengths,
        owned=owned,
        known=np.unique(key[~cold_user & ~cold_item]),
        unseen=np.unique(key[~cold_user & cold_item]),
        newcomers=np.unique(key[cold_user & ~cold_item]),
        n_newcomers=len(np.unique(user[cold_user])),
        repeats=repeats,
    )


def measure(exam: BatchCase, lists: Ints) -> Result:
    """The figures of `lists` (exam.users, k): positions of items, best first, -1 where there is none."""
    warm_lists, all_lists = _cut(exam, lists)
    person, n = _people(exam, exam.known)
    rows = _per_person(_hits(exam, warm_lists[person], person, exam.known), n)
    out: dict[str, Any] = {name: _mean(values) for name, values in rows.items()}
    out["ndcg10_ci"] = list(interval(rows["ndcg10"]))
    out["users"] = len(person)
    shown = warm_lists[person]
    out["users_without_list"] = int((shown < 0).all(axis=1).sum())
    top = shown[:, :K][shown[:, :K] >= 0]
    out["coverage10"] = len(np.unique(top)) / max(int(exam.warm.sum()), 1)
    out["novelty10"] = float(-np.log2(exam.takers[top] / exam.n_people).mean()) if len(top) else 0.0
    lengths = exam.lengths[person]
    for name, least, most in BUCKETS:
        inside = (lengths >= least) & (lengths <= most)
        out[f"ndcg10_{name}"] = _mean(rows["ndcg10"][inside])
        out[f"users_{name}"] = int(inside.sum())
    out |= _beside(exam, warm_lists, all_lists)
    return Result(out, rows["ndcg10"])


def popularity(exam: BatchCase) -> Ints:
    """Lists of the items most people have, for each person those they may be judged by, shape (exam.users, LONG)."""
    order = np.argsort(-exam.takers[: len(exam.warm)], kind="stable")
    order = order[exam.warm[order]]
    out = np.full((len(exam.users), LONG), -1, np.int64)
    for at in range(0, len(exam.users), PEOPLE_AT_ONCE):
        people = np.arange(at, min(at + PEOPLE_AT_ONCE, len(exam.users)))
        deep = LONG if exam.repeats else LONG + int(exam.lengths[people].max(initial=0))
        block = np.tile(order[:deep], (len(people), 1))
        kept = np.ones(block.shape, bool) if exam.repeats else ~_holds(exam, exam.owned, people, block)
        cut = _first(block, kept)
        out[people, : cut.shape[1]] = cut
    return out


def compare(exam: BatchCase, lists: Ints) -> Measured:
    """The figures of `lists` (exam.users, k) beside those of popularity."""
    return Measured(measure(exam, lists), measure(exam, popularity(exam)))


def _beside(exam: BatchCase, warm_lists: Ints, all_lists: Ints) -> dict[str, Any]:
    """Figures over all items, of items without history, and of people without history."""
    out: dict[str, Any] = {}
    everything = np.union1d(exam.known, exam.unseen)
    person, n = _people(exam, everything)
    out["ndcg10_all_items"] = _mean(_per_person(_hits(exam, all_lists[person], person, everything), n)["ndcg10"])
    person, n = _people(exam, exam.unseen)
    if len(person):
        found = _hits(exam, all_lists[person], person, exam.unseen)
        out["cold_item_recall20"] = float((found.sum(axis=1) / n).mean())
        out["cold_item_users"] = len(person)
    if exam.n_newcomers:
        person, n = _people(exam, exam.newcomers)
        rows = _per_person(_hits(exam, warm_lists[person], person, exam.newcomers), n)
        out["coldstart_users"] = len(person)
        out["coldstart_ndcg10"], out["coldstart_hit10"] = _mean(rows["ndcg10"]), _mean(rows["hit10"])
        out["coldstart_ci"] = list(interval(rows["ndcg10"]))
    return out


def _cut(exam: BatchCase, lists: Ints) -> tuple[Ints, Ints]:
    """The first LONG items with history, and of all items, that each person may be judged by, (exam.users, LONG)."""
    warm, everything = (np.full((len(lists), LONG), -1, np.int64) for _ in range(2))
    for at in range(0, len(lists), PEOPLE_AT_ONCE):
        people = np.arange(at, min(at + PEOPLE_AT_ONCE, len(lists)))
        block = lists[people]
        kept = block >= 0
        if not exam.repeats:
            kept &= ~_holds(exam, exam.owned, people, block)
        for out, mask in ((everything, kept), (warm, kept & exam.warm[np.maximum(block, 0)])):
            cut = _first(block, mask)
            out[people, : cut.shape[1]] = cut
    return warm, everything


def _first(block: Ints, kept: Bools) -> Ints:
    """The first LONG kept items of each row, -1 where there are fewer."""
    order = np.argsort(~kept, axis=1, kind="stable")[:, :LONG]
    return np.where(np.take_along_axis(kept, order, axis=1), np.take_along_axis(block, order, axis=1), -1)


def _holds(exam: BatchCase, keys: Ints, people: Ints, items: Ints) -> Bools:
    """Which of `items` (people, k) are in the sorted `keys` of the person of their row."""
    if not len(keys):
        return np.zeros(items.shape, bool)
    wanted = people[:, None] * exam.n_items + np.maximum(items, 0)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray((keys[at] == wanted) & (items >= 0))


def _hits(exam: BatchCase, lists: Ints, people: Ints, keys: Ints) -> Doubles:
    """1 where a place of `lists` (people, LONG) is right by `keys`, else 0."""
    return _holds(exam, keys, people, lists).astype(np.float64)


def _people(exam: BatchCase, keys: Ints) -> tuple[Ints, Ints]:
    """People with a right answer in `keys`, and how many each has."""
    person, n = np.unique(keys // exam.n_items, return_counts=True)
    return person, n


def _per_person(found: Doubles, n: Ints) -> dict[str, Doubles]:
    """Each of MEASURES per person; `found` is (people, LONG), `n` the right answers of each."""
    ten = found[:, :K]
    discount = 1 / np.log2(np.arange(2, K + 2))
    ideal = np.cumsum(discount)[np.minimum(n, K) - 1]
    average = (ten * np.cumsum(ten, axis=1) / np.arange(1, K + 1)).sum(axis=1)
    values = (
        (ten * discount).sum(axis=1) / ideal,
        ten.sum(axis=1) / n,
        found.sum(axis=1) / n,
        average / np.minimum(n, K),
        average / n,
        ten.max(axis=1, initial=0),
        ten.sum(axis=1) / K,
    )
    return dict(zip(MEASURES, values, strict=True))


def _flag(test: pd.DataFrame, name: str, default: Bools) -> Bools:
    """A column of 0 and 1 where the test has it, else `default`."""
    return (test[name].astype(float) != 0).to_numpy() if name in test.columns else default


def _mean(values: Doubles) -> float | None:
    return float(values.mean()) if len(values) else None


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(f"{part:.5f}" for part in value) + "]"
    return f"{value:.5f}" if isinstance(value, float) else "-" if value is None else str(value)
