"""Files in, files out: train on CSV files and write a list for everyone asked, without any database.

`python -m recommendations.pipeline.batch --interactions train.csv --for users.txt -k 50 --out recs.csv` is the same as
`manage.py recommend_batch` with these options.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from recommendations.dataset.arrays import Ints
from recommendations.dataset.load import BadInput, load_files, read_ids
from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import FittedHybrid, Lists, Wish
from recommendations.pipeline.learn import Progress
from recommendations.ranking import reasons

COLUMNS = ["user", "item", "rank", "score", "reason"]


@dataclass(frozen=True)
class Job:
    """What to read and what to write."""

    interactions: Path
    """CSV with user,item,kind,value,timestamp."""
    asked: Path
    """One person per line."""
    out: Path
    """CSV with the columns of COLUMNS, k rows for everyone asked."""
    items: Path | None = None
    users: Path | None = None
    k: int = 50
    seed: int = 0
    model: Path | None = None
    """Folder to keep the trained recommender in, signed by `key`; None keeps nothing."""
    key: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What was done."""

    people: int
    rows: int
    seconds: float
    hybrid: FittedHybrid


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of both doors."""
    parser.add_argument("--interactions", type=Path, required=True, help="CSV: user,item,kind,value,timestamp")
    parser.add_argument("--items", type=Path, help="CSV: item,name,category,brand,tags,description,price")
    parser.add_argument("--users", type=Path, help="CSV: user,gender,birth_year,country,extra")
    parser.add_argument("--for", dest="asked", type=Path, required=True, help="text file, one user id per line")
    parser.add_argument("-k", type=int, default=50, help="rows per user (default 50)")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write: user,item,rank,score,reason")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same lists (default 0)")
    parser.add_argument("--model", type=Path, help="folder to keep the trained recommender in, signed")
    parser.add_argument("--key", type=Path, help="file of the signing key, made on first use (needed with --model)")


def job_from(options: argparse.Namespace) -> Job:
    """The job that parsed options describe; raises ValueError for options that do not fit together."""
    if options.k < 1:
        raise ValueError("-k must be at least 1")
    if options.model and not options.key:
        raise ValueError("--model needs --key")
    names = ("interactions", "asked", "out", "items", "users", "k", "seed", "model", "key")
    return Job(**{name: getattr(options, name) for name in names})


def recommend_files(job: Job, progress: Progress | None = None) -> Outcome:
    """Train on the files of `job` and write its lists; the out file appears whole or not at all.

    Everyone asked gets k rows, or as many as there are items. Raises BadInput for unreadable rows.
    """
    started = time.monotonic()
    asked = read_ids(job.asked)
    dataset = load_files(job.interactions, job.items, job.users, asked)
    users = dataset.users.get_indexer(pd.Index(asked, dtype=object)).astype(np.int64)
    hybrid = fit_hybrid(dataset, asked=users, seed=job.seed, progress=progress)
    if job.model and job.key:
        hybrid.save(job.model, job.key)
    work = job.out.with_name(f".{job.out.name}.part")
    rows = 0
    with work.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        for at in range(0, len(users), 2048):
            if progress:
                progress("writing lists", at, len(users))
            part = users[at : at + 2048]
            rows += _write(file, hybrid, part, hybrid.recommend(part, Wish(k=job.k, fill=True)))
    work.replace(job.out)
    return Outcome(len(users), rows, time.monotonic() - started, hybrid)


def _write(file: TextIO, hybrid: FittedHybrid, users: Ints, lists: Lists) -> int:
    """Append the rows of `lists` for `users` and return how many there were."""
    person, place = np.nonzero(lists.items >= 0)
    codes = [
        reasons.code(int(reason), str(hybrid.items[source]) if source >= 0 else None)
        for reason, source in zip(lists.reasons[person, place], lists.sources[person, place], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "user": hybrid.users[users[person]],
            "item": hybrid.items[lists.items[person, place]],
            "rank": place + 1,
            "score": np.round(lists.scores[person, place], 6),
            "reason": codes,
        }
    )
    frame.to_csv(file, index=False, header=False, lineterminator="\n")
    return len(frame)


def summary(outcome: Outcome) -> str:
    """What was done and how good the blend was where it was not learned, in a few lines."""
    facts = outcome.hybrid.facts
    lines = [f"{outcome.people} people, {outcome.rows} rows, {outcome.seconds:.1f} s; validated by {facts['protocol']}"]
    for report in outcome.hybrid.reports:
        best = "; ".join(f"{e.name} {e.ndcg10:.4f} [{e.low:.4f}, {e.high:.4f}]" for e in report.entries[:3])
        lines.append(f"NDCG@10 for {report.goal} items on {report.window}: {best}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The door without Django; returns the exit code."""
    parser = argparse.ArgumentParser(description="Train on files and write recommendations to a file.")
    add_arguments(parser)
    try:
        outcome = recommend_files(job_from(parser.parse_args(arguments)), _say)
    except (BadInput, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(summary(outcome) + "\n")
    return 0


def _say(stage: str, done: int, total: int) -> None:
    sys.stderr.write(f"{stage}: {done}/{total}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
