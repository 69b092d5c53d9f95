"""How the recommender grows: minutes and memory to learn from a shop, list 20 products for everybody and write them.

    python benchmarks/recommend_scale.py [--people 10000 100000 1000000] [--products 50000] [--acts 20]

For each number of people a shop is made up (power-law products, tastes, products that follow each other, words, groups
of people, times; fixed seed) with 20 acts a person. In a process of its own everything is learned, lists of 20 with
reasons are made for all and written as CSV. Beside it, on the same matrix in the same run, stands the yardstick: the
library `implicit`'s ALS (64 factors, 15 iterations, all processors), fitted and asked for 20 products for everybody.
Prints minutes, peak memory and the ratio for each size, and the exponent of the time in the number of people.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recommendations.dataset.events import ITEM_COLUMNS, Dataset
from recommendations.pipeline.batch import Job, write_lists
from recommendations.pipeline.fit import fit_hybrid

LISTED, FACTORS, ROUNDS = 20, 64, 15
TASTES, WORDS, DAYS = 250, 5_000, 365
TIMEOUT = 6 * 3600
SEED = 7


@dataclass(frozen=True)
class Size:
    """How large a shop is."""

    people: int
    products: int
    acts: int
    """Per person, in the mean."""


def acts_of(size: Size) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """Person, product (int32) and second (float64) of every act, in order of time."""
    rng = np.random.default_rng(SEED)
    length = np.ceil(rng.lognormal(np.log(size.acts) - 0.32, 0.8, size.people)).astype(np.int64)
    person = np.repeat(np.arange(size.people, dtype=np.int32), length)
    n, per_taste = len(person), size.products // TASTES
    # two tastes a person, tastes and the products of each being as unequal as in shops
    tastes = (TASTES * rng.random((size.people, 2), dtype=np.float32) ** 1.5).astype(np.int32)
    taste = tastes[person, (rng.random(n, dtype=np.float32) < 0.35).astype(np.int8)]
    any_taste = rng.random(n, dtype=np.float32) < 0.25
    taste[any_taste] = (TASTES * rng.random(int(any_taste.sum()), dtype=np.float32) ** 2).astype(np.int32)
    place = (per_taste * rng.random(n, dtype=np.float32) ** 2.5).astype(np.int32)
    product = taste * np.int32(per_taste) + place
    # now and then the product that follows the one before
    follows = np.flatnonzero(rng.random(n, dtype=np.float32) < 0.2)
    follows = follows[(follows > 0) & (person[follows] == person[follows - 1])]
    product[follows] = (product[follows - 1] + 1) % size.products
    first = rng.random(size.people, dtype=np.float32) * DAYS * 0.8
    start = np.repeat(np.cumsum(length) - length, length)
    day = first[person] + (DAYS - first[person]) * (np.arange(n) - start) / np.repeat(length, length)
    second = 1.7e9 + 86_400.0 * np.floor(day) + 3_600.0 * rng.integers(0, 24, n)
    order = np.argsort(second, kind="stable")
    return person[order], product[order], second[order]


def shop(size: Size) -> Dataset:
    """The made-up shop as a dataset."""
    rng = np.random.default_rng(SEED + 1)
    person, product, second = acts_of(size)
    n, per_taste = len(person), size.products // TASTES
    taste = np.minimum(np.arange(size.products) // per_taste, TASTES - 1)
    words = (WORDS * rng.random((size.products, 4)) ** 2).astype(int)
    items = pd.DataFrame({name: [""] * size.products for name in ITEM_COLUMNS})
    items["name"] = [" ".join(f"word{one}" for one in row) for row in words.tolist()]
    items["category"] = [f"department{one % 20}>shelf{one}" for one in taste.tolist()]
    items["price"] = rng.lognormal(3, 1, size.products)
    people = pd.DataFrame(
        {
            "gender": np.array(["", "f", "m"], object)[rng.integers(0, 3, size.people)],
            "birth_year": "",
            "country": np.array([f"c{one}" for one in range(8)], object)[rng.integers(0, 8, size.people)],
            "extra": np.array([f"age{one}" for one in range(6)], object)[rng.integers(0, 6, size.people)],
        }
    )
    return Dataset(
        users=pd.Index([f"u{one}" for one in range(size.people)], dtype=object),
        items=pd.Index([f"i{one}" for one in range(size.products)], dtype=object),
        user_ix=person.astype(np.int64),
        item_ix=product.astype(np.int64),
        kind=pd.Categorical.from_codes(np.zeros(n, np.int8), ["order"]),
        value=np.ones(n, np.float32),
        timestamp=second,
        weight=np.ones(n, np.float32),
        item_table=items,
        user_table=people,
    )


def measure_ours(size: Size, folder: Path) -> dict[str, Any]:
    """Learn, list and write; seconds of each."""
    dataset = shop(size)
    events = dataset.n_events
    started = time.monotonic()

    def tell(done: int, total: int, stage: str) -> None:
        passed = f"{time.monotonic() - started:8.1f} s {peak():6.2f} GB"
        print(f"{passed}  {stage}: {done}/{total}", file=sys.stderr, flush=True)

    fitted = fit_hybrid(dataset, seed=SEED, progress=tell)
    learned = time.monotonic() - started
    del dataset
    job = Job(interactions=folder, asked=folder, out=folder / "lists.csv", k=LISTED)
    _, rows = write_lists(job, fitted, np.arange(size.people), tell)
    report = fitted.reports[0]
    figures = {one.name: round(one.ndcg10, 4) for one in report.entries if one.name in ("hybrid", "linear", "popular")}
    return {"events": events, "fit": learned, "seconds": time.monotonic() - started, "rows": rows, "ndcg10": figures}


def measure_yardstick(size: Size, _: Path) -> dict[str, Any]:
    """Fit the library's ALS and ask it for everybody."""
    from implicit.cpu.als import AlternatingLeastSquares  # noqa: PLC0415  (heavy, and only here)

    person, product, _ = acts_of(size)
    pairs = sp.csr_matrix((np.ones(len(person), np.float32), (person, product)), shape=(size.people, size.products))
    del person, product
    started = time.monotonic()
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(factors=FACTORS, iterations=ROUNDS, random_state=SEED)
        model.fit(pairs, show_progress=False)
        learned = time.monotonic() - started
        rows = 0
        for at in range(0, size.people, 20_000):
            part = np.arange(at, min(at + 20_000, size.people))
            ids, _scores = model.recommend(part, pairs[part], N=LISTED)
            rows += ids.size
    return {"events": pairs.nnz, "fit": learned, "seconds": time.monotonic() - started, "rows": rows}


MEASURES = {"ours": measure_ours, "yardstick": measure_yardstick}


def measured(what: str, size: Size) -> dict[str, Any]:
    """Run one measurement in a process of its own; seconds, and peak memory in GB."""
    command = [sys.executable, __file__, "--one", what, "--people", str(size.people)]
    command += ["--products", str(size.products), "--acts", str(size.acts)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=TIMEOUT)
    out: dict[str, Any] = json.loads(done.stdout)
    return out


def peak() -> float:
    """Most memory this process has held so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def one(what: str, size: Size) -> None:
    """Do one measurement here and print it as JSON."""
    with tempfile.TemporaryDirectory() as name:
        out = MEASURES[what](size, Path(name))
    out["gigabytes"] = peak()
    used = resource.getrusage(resource.RUSAGE_SELF)
    out["processor"] = used.ru_utime + used.ru_stime
    print(json.dumps(out))


def main() -> None:
    """Measure every size and print the table."""
    parser = argparse.ArgumentParser(description="How the recommender grows with the number of people.")
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--products", type=int, default=50_000)
    parser.add_argument("--acts", type=int, default=20, help="acts of a person, in the mean")
    parser.add_argument("--one", choices=MEASURES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = [Size(people, options.products, options.acts) for people in options.people]
    if options.one:
        one(options.one, sizes[0])
        return
    print(f"{options.products} products, {os.cpu_count()} processors; minutes, GB, and processor minutes in brackets")
    columns = ("people", "acts", "fit", "lists", "in all", "memory", "yardstick", "ratio")
    print("".join(f"{column:>14s}" for column in columns))
    minutes = []
    for size in sizes:
        ours, theirs = (measured(what, size) for what in MEASURES)
        minutes.append(ours["seconds"] / 60)
        cells = [f"{size.people}", f"{ours['events']}", f"{ours['fit'] / 60:.1f}"]
        cells += [f"{(ours['seconds'] - ours['fit']) / 60:.1f}", f"{minutes[-1]:.1f} ({ours['processor'] / 60:.1f})"]
        cells += [f"{ours['gigabytes']:.1f}", f"{theirs['seconds'] / 60:.1f} ({theirs['processor'] / 60:.1f})"]
        cells += [f"{ours['seconds'] / theirs['seconds']:.1f}x"]
        print("".join(f"{cell:>14s}" for cell in cells), f"  NDCG@10 {ours['ndcg10']}", flush=True)
    if len(sizes) > 1:
        slope = np.polyfit(np.log([size.people for size in sizes]), np.log(minutes), 1)[0]
        print(f"time grows with the number of people to the power of {slope:.2f}")


if __name__ == "__main__":
    main()
