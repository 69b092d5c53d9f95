"""Who nobody knows yet, and what nobody has bought yet: recall beside popularity and chance, with 95 % intervals.

`python benchmarks/cold_start.py [--models KEPT] FOLDER ...`; each folder holds train.csv, test.csv, test_users.txt and,
where there are any, items.csv, users.csv and meta.json, as the batch command reads them.

New people are those of the test without an event in training: the figures are of the lists anybody would get from the
batch. New items are those without an event in training, asked about people with history, in two ways: *among all items*
(the list as it is) and *among new items* (the list of a page of news, where everything else is closed by the shop's
policy). Popularity can order new items only by chance, so there it stands beside nothing but chance, which is drawn
anew for everybody.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.kit.split import Split, folders_of, opened
from recommendations.dataset.arrays import Bools, Doubles, Ints
from recommendations.evaluation.metrics import interval
from recommendations.pipeline.batch_metrics import BatchCase, popularity
from recommendations.pipeline.fitted import Wish
from recommendations.ranking.policy import Policy

SHOWN, TOP, DEEP = 20, 10, 50
"""Places of recall, of NDCG, and of the lists that are cut to what may be judged."""
SEED = 7


def main() -> None:
    """Measure every folder."""
    options = folders_of(__doc__)
    for folder in options.folders:
        _measure(opened(folder, options.models))


def _measure(split: Split) -> None:
    dataset, exam, users, model = split.dataset, split.exam, split.users, split.model
    print(f"\n{split.name}: {dataset.n_users} people, {dataset.n_items} items, {int((~exam.warm).sum())} of them new")
    newcomers = np.unique(exam.newcomers // exam.n_items)
    if len(newcomers):
        lists = model.recommend(users[newcomers], Wish(k=DEEP, fill=True)).items
        rivals = {
            "hybrid": _only(lists, exam.warm),
            "popularity": popularity(exam)[newcomers],
            "chance": _drawn(exam.warm, len(newcomers)),
        }
        _table("new people", exam, newcomers, exam.newcomers, rivals)
    waiting = np.unique(exam.unseen // exam.n_items)
    if not len(waiting):
        return
    lists = model.recommend(users[waiting], Wish(k=DEEP, fill=True)).items
    anything = np.ones(exam.n_items, bool)
    rivals = {"hybrid": lists, "popularity": popularity(exam)[waiting], "chance": _drawn(anything, len(waiting))}
    _table("new items among all items", exam, waiting, exam.unseen, rivals)
    known = exam.warm[: dataset.n_items]
    news = Policy(blocked=known, repeatable=np.ones(dataset.n_items, bool), rest_days=0.0)
    lists = model.recommend(users[waiting], Wish(k=SHOWN, policy=news)).items
    new = ~exam.warm
    new[dataset.n_items :] = False
    rivals = {"hybrid": lists, "popularity, chance": _drawn(new, len(waiting))}
    _table(f"new items among the {int(new.sum())} new items", exam, waiting, exam.unseen, rivals)


def _drawn(open_: Bools, people: int) -> Ints:
    """Lists of SHOWN open items by lot, shape (people, SHOWN), -1 where there are fewer."""
    rng = np.random.default_rng(SEED)
    items = np.flatnonzero(open_)
    out = np.full((people, SHOWN), -1, np.int64)
    for row in out:
        drawn = rng.permutation(items)[:SHOWN]
        row[: len(drawn)] = drawn
    return out


def _only(lists: Ints, open_: Bools) -> Ints:
    """The first SHOWN items of each list that are open, -1 where there are fewer."""
    kept = (lists >= 0) & open_[np.maximum(lists, 0)]
    order = np.argsort(~kept, axis=1, kind="stable")[:, :SHOWN]
    return np.where(np.take_along_axis(kept, order, axis=1), np.take_along_axis(lists, order, axis=1), -1)


def _table(name: str, exam: BatchCase, people: Ints, right: Ints, rivals: Mapping[str, Ints]) -> None:
    """Recall@20 and NDCG@10 of each rival, and how much the first has over the others, by pairs."""
    n = np.bincount(np.searchsorted(people, right // exam.n_items), minlength=len(people))
    print(f"{name}: {len(people)} people, {len(right)} right answers")
    reached = {one: _values(exam, people, right, (lists, n)) for one, lists in rivals.items()}
    first = next(iter(reached.values()))
    for one, values in reached.items():
        cells = [f"{part.mean():.4f} [{low:.4f}, {high:.4f}]" for part in values for low, high in [interval(part)]]
        line = f"  {one:20s} recall@20 {cells[0]}   NDCG@10 {cells[1]}"
        if values is not first:
            low, high = interval(first[0] - values[0])
            line += f"   hybrid's recall higher by {(first[0] - values[0]).mean():+.4f} [{low:+.4f}, {high:+.4f}]"
        print(line)


def _values(exam: BatchCase, people: Ints, right: Ints, lists_n: tuple[Ints, Ints]) -> tuple[Doubles, Doubles]:
    """Recall@20 and NDCG@10 per person; `lists_n` are the lists and how many right answers each person has."""
    lists, n = lists_n
    keys = people[:, None] * exam.n_items + np.maximum(lists, 0)
    hits = (np.isin(keys, right) & (lists >= 0)).astype(np.float64)
    discount = 1 / np.log2(np.arange(2, TOP + 2))
    ideal = np.cumsum(discount)[np.minimum(n, TOP) - 1]
    return hits[:, :SHOWN].sum(axis=1) / n, (hits[:, :TOP] * discount[: hits.shape[1]]).sum(axis=1) / ideal


if __name__ == "__main__":
    main()
