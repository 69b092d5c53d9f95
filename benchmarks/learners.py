"""The hybrid beside each learner alone, on what people did afterwards.

`python benchmarks/learners.py [--models KEPT] FOLDER ...`; each folder holds train.csv, test.csv, test_users.txt and,
where there are any, items.csv, users.csv and meta.json, as the batch command reads them.

For each split a line per view: NDCG@10 with its 95 % interval over people, recall@20, and how much the hybrid has over
it, person by person. A learner alone orders the whole catalogue; what it leaves equal is ordered by popularity, so one
that speaks only of what people had goes on with what is popular. A view that tells these people nothing is left out.
"""

import sys
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.kit.split import Split, folders_of, opened
from recommendations.dataset.arrays import Bools, Floats, Ints
from recommendations.evaluation.metrics import interval
from recommendations.pipeline.batch_metrics import Result, measure, popularity
from recommendations.pipeline.fitted import Wish
from recommendations.ranking.pool import chunks

K = 50
"""Places of a list; it is then stripped as a batch's is, and judged by its first ten."""


def main() -> None:
    """Measure every folder."""
    options = folders_of(__doc__)
    for folder in options.folders:
        _measure(opened(folder, options.models))


def _measure(split: Split) -> None:
    hybrid = measure(split.exam, split.model.recommend(split.users, Wish(k=K, fill=True)).items)
    alone = {name: measure(split.exam, lists) for name, lists in _alone(split).items()}
    alone["popularity (test's own)"] = measure(split.exam, popularity(split.exam))
    print(f"\n{split.name}: {hybrid.figures['users']} people")
    print(_line("hybrid", hybrid))
    for name, result in sorted(alone.items(), key=lambda one: -one[1].figures["ndcg10"]):
        gain = hybrid.ndcg10 - result.ndcg10
        low, high = interval(gain)
        print(f"{_line(name, result)}   hybrid {gain.mean():+.4f} [{low:+.4f}, {high:+.4f}]", flush=True)


def _line(name: str, result: Result) -> str:
    low, high = result.figures["ndcg10_ci"]
    told = f"NDCG@10 {result.figures['ndcg10']:.4f} [{low:.4f}, {high:.4f}]"
    return f"  {name:24s} {told}   recall@20 {result.figures['recall20']:.4f}"


def _alone(split: Split) -> dict[str, Ints]:
    """The list of every view alone for everybody in the exam, (people, K)."""
    exam, model = split.exam, split.model
    warm = exam.warm[: split.dataset.n_items]
    parts: dict[str, list[Ints]] = {}
    heard: set[str] = set()
    with threadpool_limits(1):
        for users in chunks(split.users, split.dataset.n_items):
            rows = model.history.take(users)
            closed = np.broadcast_to(~warm, (len(users), len(warm))).copy()
            if not exam.repeats:
                closed[rows.pairs.nonzero()] = True
            for learner in model.learners:
                for name, scores in learner.scores(rows, users).items():
                    heard |= {name} if scores.any() else set()
                    parts.setdefault(name, []).append(_best(scores, closed, model.buyers))
    return {name: np.concatenate(lists) for name, lists in parts.items() if name in heard}


def _best(scores: Floats, closed: Bools, buyers: Ints) -> Ints:
    """The K open items with the highest score, equal ones by how many people have them; -1 where there are fewer."""
    # less than any difference between scores that float32 can tell
    ties = 1e-9 * np.abs(scores).max(axis=1, initial=0)[:, None] + 1e-30
    ranked = np.where(closed, -np.inf, scores + ties * (buyers / max(int(buyers.max(initial=0)), 1)))
    top = np.argpartition(-ranked, min(K, ranked.shape[1] - 1), axis=1)[:, :K]
    values = np.take_along_axis(ranked, top, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    top = np.take_along_axis(top, order, axis=1)
    return np.where(np.isfinite(np.take_along_axis(values, order, axis=1)), top, -1)


if __name__ == "__main__":
    main()
