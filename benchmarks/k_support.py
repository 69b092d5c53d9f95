"""What k-support costs: recall when a pair of items may count only if ten people or more took both.

`python benchmarks/k_support.py [--models KEPT] [FOLDER ...]`; each folder holds train.csv, test.csv, test_users.txt
and, where there are any, items.csv, users.csv and meta.json, as the batch command reads them. Without a folder a
made-up shop is measured.

What is said needs support: a reason names an item only where enough people took both. Lists are made from all pairs.
The table shows what would be lost if lists needed support too: item neighbours and the whole blend, with and without,
on the same people. Below it stands how many reasons name an item with and without.
"""

import copy
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.kit.split import Split, folders_of, opened
from recommendations.candidates.base import Candidate
from recommendations.candidates.ease import Ease
from recommendations.candidates.item_knn import ItemKnn
from recommendations.dataset.arrays import Csr, Doubles, dense
from recommendations.dataset.events import Dataset
from recommendations.evaluation.metrics import interval
from recommendations.pipeline.batch_metrics import Result, measure
from recommendations.pipeline.fitted import FittedHybrid, Wish
from recommendations.ranking.policy import K_SUPPORT

K = 50
PEOPLE, ITEMS, TASTES = 2_000, 800, 20


def main() -> None:
    """Measure every folder, or the made-up shop."""
    options = folders_of(__doc__)
    for folder in options.folders:
        _measure(opened(folder, options.models))
    if not options.folders:
        with tempfile.TemporaryDirectory() as name:
            _invent(Path(name))
            _measure(opened(Path(name)))


def _measure(split: Split) -> None:
    dataset, exam, plain = split.dataset, split.exam, split.model
    together = _together(dataset)
    enough = together.copy()
    enough.data = (enough.data >= K_SUPPORT).astype(np.float32)
    enough.eliminate_zeros()
    held = copy.copy(plain)
    held.learners = [_supported(learner, enough) for learner in plain.learners]
    print(f"\n{split.name}: {dataset.n_users} people, {dataset.n_items} items; {exam.known.size} right answers")
    print(f"pairs of items that {K_SUPPORT} people or more took: {enough.nnz / max(together.nnz, 1):.1%} of all pairs")
    print(f"{'':22s}{'recall10':>10s}{'recall20':>10s}{'ndcg10':>10s}   change of NDCG@10 (95 %)")
    _rows("item neighbours", *(_neighbours(model, split) for model in (plain, held)))
    _rows("the blend", *(_blend(model, split) for model in (plain, held)))
    _reasons(plain, together, split)


def _rows(name: str, without: Result, with_support: Result) -> None:
    low, high = interval(with_support.ndcg10 - without.ndcg10)
    change = float((with_support.ndcg10 - without.ndcg10).mean())
    for told, result in ((name, without), ("  with support", with_support)):
        numbers = "".join(f"{result.figures[one]:10.4f}" for one in ("recall10", "recall20", "ndcg10"))
        print(
            f"{told:22s}{numbers}" + (f"   {change:+.4f} [{low:+.4f}, {high:+.4f}]" if result is with_support else "")
        )


def _together(dataset: Dataset) -> Csr:
    """How many people took both, items x items, without the diagonal."""
    pairs = dataset.history.pairs
    out = (pairs.T @ pairs).tocsr()
    out.setdiag(0)
    out.eliminate_zeros()
    return out


def _supported(learner: Candidate, enough: Csr) -> Candidate:
    """The same learner that knows only pairs of `enough` (items x items, binary)."""
    out = copy.copy(learner)
    if isinstance(out, ItemKnn):
        out.cosine, out.walk = (matrix.multiply(enough).tocsr() for matrix in (out.cosine, out.walk))
    elif isinstance(out, Ease) and out.side == "items":
        out.weights = out.weights * dense(enough[out.columns][:, out.columns])
    elif isinstance(out, Ease):
        print("the regression was solved on the people's side, which keeps no pairs of items: it stays as it is")
    return out


def _neighbours(model: FittedHybrid, split: Split) -> Result:
    """Item neighbours alone, everything else left out."""
    knn = next(learner for learner in model.learners if isinstance(learner, ItemKnn))
    parts = []
    for at in range(0, len(split.users), 500):
        users = split.users[at : at + 500]
        rows = split.dataset.history.take(users)
        scores = np.array(knn.scores(rows, users)["knn"])
        if not split.exam.repeats:
            scores[rows.pairs.nonzero()] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        parts.append(np.where(np.take_along_axis(scores, order, axis=1) > 0, order, -1))
    return measure(split.exam, np.concatenate(parts))


def _blend(model: FittedHybrid, split: Split) -> Result:
    return measure(split.exam, model.recommend(split.users, Wish(k=K, fill=True)).items)


def _reasons(model: FittedHybrid, together: Csr, split: Split) -> None:
    """Share of the first ten places whose reason could name an item, when one person is enough and when ten are."""
    known = split.users[split.exam.lengths > 0]
    lists = model.recommend(known, Wish(k=10))
    rows = model.history.take(known)
    best: list[Doubles] = []
    for person in range(len(known)):
        own = rows.indices[rows.indptr[person] : rows.indptr[person + 1]]
        items = lists.items[person][lists.items[person] >= 0]
        best.append(together[own][:, items].max(axis=0).toarray().ravel() if len(own) else np.zeros(len(items)))
    most = np.concatenate(best)
    print(
        f"places whose reason may name an item: {(most >= 1).mean():.1%} if one person were enough, "
        f"{(most >= K_SUPPORT).mean():.1%} with {K_SUPPORT}; told because of an item: {(lists.sources >= 0).mean():.1%}"
    )


def _invent(folder: Path) -> None:
    """Write a made-up shop with tastes and a long tail, cut in time."""
    rng = np.random.default_rng(7)
    own = rng.integers(TASTES, size=PEOPLE)
    worth = 1 / np.arange(1, ITEMS // TASTES + 1)
    rows = []
    for person in range(PEOPLE):
        count = 4 + int(rng.exponential(10))
        taste = np.where(rng.random(count) < 0.8, own[person], rng.integers(TASTES, size=count))
        place = rng.choice(len(worth), size=count, p=worth / worth.sum())
        days = np.sort(rng.integers(1, 300, size=count))
        rows += [(f"u{person}", f"i{t}-{p}", int(day) * 86_400) for t, p, day in zip(taste, place, days, strict=True)]
    events = pd.DataFrame(rows, columns=["user", "item", "timestamp"])
    train, test = events[events.timestamp <= 240 * 86_400], events[events.timestamp > 240 * 86_400]
    had = train[["user", "item"]].drop_duplicates()
    test = test.drop_duplicates(["user", "item"]).merge(had, how="left", indicator=True)
    test = test[test["_merge"] == "left_only"]
    train.to_csv(folder / "train.csv", index=False)
    test[["user", "item"]].to_csv(folder / "test.csv", index=False)
    (folder / "test_users.txt").write_text("\n".join(test["user"].unique()) + "\n")


if __name__ == "__main__":
    main()
