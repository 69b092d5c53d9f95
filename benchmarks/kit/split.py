"""A folder with a public split, and the recommender that the batch command would train on it."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lib import signing
from recommendations.dataset.arrays import Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_files, read_ids
from recommendations.pipeline.batch_metrics import BatchCase, exam_of, read_test, repeats_of
from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import FittedHybrid


@dataclass(frozen=True)
class Split:
    """One folder, opened."""

    name: str
    dataset: Dataset
    exam: BatchCase
    users: Ints
    """Positions in the dataset of the exam's people, -1 where nobody knows them."""
    model: FittedHybrid


def folders_of(description: str | None) -> argparse.Namespace:
    """The options of a benchmark on public splits: `folders`, and `models`, None where nothing is to be kept."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="folders with train.csv, test.csv, test_users.txt ...")
    parser.add_argument("--models", type=Path, help="folder of signed models, one a split: used if there, else kept")
    return parser.parse_args()


def opened(folder: Path, models: Path | None = None) -> Split:
    """The split in `folder` with its recommender, taken from `models` where it is kept there, else trained."""
    items, people = (folder / part if (folder / part).exists() else None for part in ("items.csv", "users.csv"))
    named = read_ids(folder / "test_users.txt")
    dataset = load_files(folder / "train.csv", items, people, named)
    exam = exam_of(dataset, read_test(folder / "test.csv"), repeats=repeats_of(folder / "test.csv"))
    users = dataset.users.get_indexer(exam.users).astype(np.int64)
    asked = dataset.users.get_indexer(pd.Index(named)).astype(np.int64)
    return Split(folder.name, dataset, exam, users, _model(dataset, asked, models and models / folder.name))


def _model(dataset: Dataset, asked: Ints, kept: Path | None) -> FittedHybrid:
    key = kept and kept.with_name("key")
    if kept and key and kept.exists():
        return FittedHybrid.load(kept, signing.public_bytes(signing.signing_key(key)))
    model = fit_hybrid(dataset, asked=asked)
    if kept and key:
        model.save(kept, key)
    return model
