"""A release as a dataset: the same arrays that files give."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from lib.interest import WEIGHTS
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_parts
from recommendations.ranking.policy import Policy

READ_KINDS = tuple(sorted(set(WEIGHTS) - {"dislike"}))

VECTORS = 250
"""Acts are read in parts of so many of DuckDB's vectors, about half a million rows."""


class NothingToLearn(Exception):
    """Nobody who agreed has done anything with a product."""

    def __str__(self) -> str:
        """Say it to people."""
        return "Nobody who agreed has ordered or looked at a product yet."


@dataclass(frozen=True)
class Released:
    """What a release holds for the recommender; arrays follow the dataset's users and items."""

    dataset: Dataset
    policy: Policy
    people: list[str]
    product_ids: "np.ndarray[Any, np.dtype[np.int64]]"


def read(folder: Path, without: Collection[str] = ()) -> Released:
    """Read the release in `folder`: acts about products, all people, all products.

    `without` names the people (32 hex digits each) who withdrew since the release was made. Raises NothingToLearn
    where nobody did anything with a product, duckdb.IOException when a part is missing.
    """
    if not any((folder / "interactions").iterdir()):
        raise NothingToLearn
    gone = list(without)
    with duckdb.connect() as duck:
        people = duck.execute(
            """
            SELECT person AS "user", gender, country, age_band AS extra FROM read_parquet(?)
            ANTI JOIN (SELECT unnest(?::varchar[]) AS person) AS gone USING (person)
            """,
            [str(folder / "people.parquet"), gone],
        ).df()
        products = duck.execute(
            """
            SELECT cast(product_id AS varchar) AS item, name, category, brand, array_to_string(tags, '|') AS tags,
                   concat_ws(' ', description, name_zh) AS description, price, kind, recommendable, in_stock, repeatable
            FROM read_parquet(?)
            """,
            [str(folder / "products.parquet")],
        ).df()
        duck.execute(
            """
            SELECT person AS "user", cast(product_id AS varchar) AS item, kind, value, epoch(occurred_at) AS timestamp
            FROM read_parquet(?) ANTI JOIN (SELECT unnest(?::varchar[]) AS person) AS gone USING (person)
            WHERE product_id IS NOT NULL AND kind IN (SELECT unnest(?))
            """,
            [str(folder / "interactions" / "*.parquet"), gone, list(READ_KINDS)],
        )
        dataset = load_parts(_parts(duck), products.drop(columns=["recommendable", "in_stock", "repeatable"]), people)
    if not dataset.n_events:
        raise NothingToLearn
    return Released(
        dataset=dataset,
        policy=_policy(dataset, products),
        people=[str(person) for person in dataset.users],
        product_ids=dataset.items.astype(np.int64).to_numpy(),
    )


def _parts(duck: duckdb.DuckDBPyConnection) -> Iterator[pd.DataFrame]:
    """The rows of the question just put, so many at a time that their text stays small."""
    while len(part := duck.fetch_df_chunk(VECTORS)):
        yield part


def _policy(dataset: Dataset, products: pd.DataFrame) -> Policy:
    rules = products.set_index("item").reindex(dataset.items)
    # A product that was deleted meanwhile is in the acts but not on the shelves: it must not be shown.
    wanted, in_stock = rules["recommendable"].eq(True), rules["in_stock"].eq(True)
    again = rules["repeatable"].eq(True).to_numpy(bool)
    # Where people visibly buy again and nobody has marked what, everything counts as bought again.
    if dataset.repeats and not again.any():
        again = np.ones(dataset.n_items, bool)
    return Policy(
        blocked=~(wanted & in_stock).to_numpy(bool),
        repeatable=again,
        out_of_stock=(wanted & ~in_stock).to_numpy(bool),
    )
