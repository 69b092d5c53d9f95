"""Files in, files out: train on CSV files and write a list for everyone asked, without any database.

`python -m recommendations.pipeline.batch --interactions train.csv --for users.txt -k 50 --out recs.csv` is the same as
`manage.py recommend_batch` with these options.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from lib.engine import EngineError
from lib.optional import Missing
from lib.progress import Progress
from lib.spark_settings import SparkConfig
from recommendations.candidates.means import ENGINES, Means
from recommendations.dataset.arrays import Ints
from recommendations.dataset.events import ITEM_KINDS
from recommendations.dataset.load import BadInput, load_files, read_ids
from recommendations.pipeline import batch_metrics
from recommendations.pipeline.asked import Question, answer
from recommendations.pipeline.batch_metrics import Measured
from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import FittedHybrid, Lists, Wish
from recommendations.ranking import reasons

COLUMNS = ["user", "item", "rank", "score", "reason"]
AT_ONCE, LARGE_AT_ONCE = 2_048, 20_480
"""People whose lists are made and written together, in any shop and in a large one, which uses all processors."""
SHARES = {reason: f"share_{sentence.code}" for reason, sentence in reasons.SENTENCES.items()}
EXPLAINED = [*COLUMNS, "source", *SHARES.values()]
"""Columns with --explain: the item that the reason names, and how much of the score each reason gives."""


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
    query: str | None = None
    """A question: only items that match it are listed, and lists end where nothing more matches."""
    kinds: tuple[str, ...] = ()
    """Which of dataset.events.ITEM_KINDS may answer a question; none means all."""
    explain: bool = False
    """Whether the out file has the columns of EXPLAINED."""
    metrics: Path | None = None
    """CSV with user,item: what people did afterwards, to score the lists by; learning never sees it."""
    metrics_out: Path | None = None
    """JSON file for the figures."""
    repeats: bool | None = None
    """Whether the test counts what people had; None for what `meta.json` beside the test file says."""
    means: Means = field(default_factory=Means)
    """What learners may be fitted with."""


@dataclass(frozen=True)
class BatchOutcome:
    """What was done."""

    people: int
    rows: int
    seconds: float
    hybrid: FittedHybrid
    measured: Measured | None = None
    """Figures of the lists, where a test was given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of both doors."""
    parser.add_argument("--interactions", type=Path, required=True, help="CSV: user,item,kind,value,timestamp")
    parser.add_argument("--items", type=Path, help="CSV: item,name,category,brand,tags,description,price,kind")
    parser.add_argument("--users", type=Path, help="CSV: user,gender,birth_year,country,extra")
    parser.add_argument("--for", dest="asked", type=Path, required=True, help="text file, one user id per line")
    parser.add_argument("-k", type=int, default=50, help="rows per user (default 50)")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write: user,item,rank,score,reason")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same lists (default 0)")
    parser.add_argument("--model", type=Path, help="folder to keep the trained recommender in, signed")
    parser.add_argument("--key", type=Path, help="file of the signing key, made on first use (needed with --model)")
    parser.add_argument("--query", help="list only items that match this text, in each user's order")
    parser.add_argument("--kind", dest="kinds", action="append", choices=ITEM_KINDS, help="with --query: only these")
    parser.add_argument("--explain", action="store_true", help="add the item a reason names and each reason's share")
    parser.add_argument("--metrics", type=Path, help="CSV of what people did afterwards (user,item): score the lists")
    parser.add_argument("--metrics-out", type=Path, help="JSON file to write the figures to (needs --metrics)")
    parser.add_argument(
        "--neural",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="also learn with the two-tower network (needs requirements-neural.txt)",
    )
    default = SparkConfig()
    parser.add_argument(
        "--engine", choices=ENGINES, default="local", help="where to fit (spark: requirements-spark.txt)"
    )
    parser.add_argument("--spark-master", default=default.master, help=f"address of Spark (default {default.master})")
    parser.add_argument("--spark-memory-mb", type=int, default=default.memory_mb, help="memory of Spark's driver")
    parser.add_argument("--spark-dir", type=Path, help="folder that every worker of Spark sees")
    parser.add_argument(
        "--repeats",
        action=argparse.BooleanOptionalAction,
        help="whether --metrics counts what people had before (default: what meta.json beside the file says, else no)",
    )


def job_from(options: argparse.Namespace) -> Job:
    """The job that parsed options describe; raises ValueError for options that do not fit together."""
    if options.k < 1:
        raise ValueError("-k must be at least 1")
    if options.model and not options.key:
        raise ValueError("--model needs --key")
    if options.metrics_out and not options.metrics:
        raise ValueError("--metrics-out needs --metrics")
    if options.kinds and not options.query:
        raise ValueError("--kind needs --query")
    spark = SparkConfig(options.spark_master, options.spark_memory_mb, options.spark_dir)
    means = Means(options.neural, options.engine, spark)
    given = {one.name: getattr(options, one.name) for one in fields(Job) if one.name != "means"}
    return Job(**given | {"kinds": tuple(options.kinds or ()), "means": means})


def recommend_files(job: Job, progress: Progress | None = None) -> BatchOutcome:
    """Train on the files of `job` and write its lists; the out file appears whole or not at all.

    Everyone asked gets k rows, or as many as there are items (that match the question, where one is asked). Raises
    BadInput for unreadable rows, lib.optional.Missing when `job.means` asks for what this machine has not.
    """
    started = time.monotonic()
    job.means.require()
    asked = read_ids(job.asked)
    test = batch_metrics.read_test(job.metrics) if job.metrics else None
    dataset = load_files(job.interactions, job.items, job.users, asked)
    users = dataset.users.get_indexer(pd.Index(asked, dtype=object)).astype(np.int64)
    hybrid = fit_hybrid(dataset, asked=users, seed=job.seed, means=job.means, progress=progress)
    if job.model and job.key:
        hybrid.save(job.model, job.key)
    listed, rows = write_lists(job, hybrid, users, progress)
    outcome = BatchOutcome(len(users), rows, time.monotonic() - started, hybrid)
    if test is None or job.metrics is None:
        return outcome
    repeats = batch_metrics.repeats_of(job.metrics) if job.repeats is None else job.repeats
    exam = batch_metrics.exam_of(dataset, test, repeats=repeats)
    place = pd.Index(asked, dtype=object).get_indexer(exam.users)
    measured = batch_metrics.compare(exam, np.where(place[:, None] >= 0, listed[place], -1))
    if job.metrics_out:
        job.metrics_out.write_text(json.dumps(measured.as_values(), indent=1) + "\n", encoding="utf-8")
    return replace(outcome, measured=measured)


def write_lists(job: Job, hybrid: FittedHybrid, users: Ints, progress: Progress | None = None) -> tuple[Ints, int]:
    """Write everybody's list; return the items (users, k), -1 where there are fewer, and how many rows were written."""
    at_once = LARGE_AT_ONCE if hybrid.large else AT_ONCE
    work = job.out.with_name(f".{job.out.name}.part")
    listed = np.full((len(users), job.k), -1, np.int64)
    rows = 0
    with work.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(EXPLAINED if job.explain else COLUMNS) + "\n")
        for at in range(0, len(users), at_once):
            if progress:
                progress(at, len(users), "writing lists")
            part = users[at : at + at_once]
            lists = _listed(job, hybrid, part)
            listed[at : at + len(part)] = lists.items
            rows += _write(file, hybrid, part, lists, explain=job.explain)
    work.replace(job.out)
    return listed, rows


def _listed(job: Job, hybrid: FittedHybrid, users: Ints) -> Lists:
    if job.query:
        return answer(hybrid, users, Question(job.query, job.kinds, job.k))
    return hybrid.recommend(users, Wish(k=job.k, fill=True))


def _write(file: TextIO, hybrid: FittedHybrid, users: Ints, lists: Lists, *, explain: bool) -> int:
    """Append the rows of `lists` for `users` and return how many there were."""
    person, place = np.nonzero(lists.items >= 0)
    sources = [str(hybrid.items[source]) if source >= 0 else None for source in lists.sources[person, place].tolist()]
    codes = [
        reasons.code(reason, source)
        for reason, source in zip(lists.reasons[person, place].tolist(), sources, strict=True)
    ]
    columns = {
        "user": hybrid.users[users[person]],
        "item": hybrid.items[lists.items[person, place]],
        "rank": place + 1,
        "score": np.round(lists.scores[person, place], 6),
        "reason": codes,
    }
    if explain:
        columns["source"] = sources
        columns |= {name: np.round(lists.shares[person, place, reason], 4) for reason, name in SHARES.items()}
    frame = pd.DataFrame(columns)
    frame.to_csv(file, index=False, header=False, lineterminator="\n")
    return len(frame)


def summary(outcome: BatchOutcome) -> str:
    """What was done and how good the blend was where it was not learned, in a few lines."""
    facts = outcome.hybrid.facts
    lines = [f"{outcome.people} people, {outcome.rows} rows, {outcome.seconds:.1f} s; validated by {facts['protocol']}"]
    lines += [f"without {name}: {reason}" for name, reason in facts["left_out"].items()]
    for report in outcome.hybrid.reports:
        best = "; ".join(f"{e.name} {e.ndcg10:.4f} [{e.low:.4f}, {e.high:.4f}]" for e in report.entries[:3])
        lines.append(f"NDCG@10 for {report.goal} items on {report.window}: {best}")
    if outcome.measured:
        lines.append(outcome.measured.table())
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The door without Django; returns the exit code."""
    parser = argparse.ArgumentParser(description="Train on files and write recommendations to a file.")
    add_arguments(parser)
    try:
        outcome = recommend_files(job_from(parser.parse_args(arguments)), _say)
    except (BadInput, EngineError, Missing, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(summary(outcome) + "\n")
    return 0


def _say(done: int, total: int, stage: str) -> None:
    sys.stderr.write(f"{stage}: {done}/{total}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
