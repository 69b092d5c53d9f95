"""The same settings on the same ratings must predict what LensKit for Java predicted."""

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.likeness import LikenessConfig
from recommendations.candidates.ratings.neighbours import NeighbourConfig, NeighbourRater
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from tests.recommendations.oracles import LENSKIT, needs_lenskit

ALL = LikenessConfig("pearson", neighbours=None, least=1e-6)


@pytest.fixture(scope="module")
def ratings() -> Dataset:
    frame = pd.read_csv(LENSKIT / "ml-latest-small" / "ratings.csv")
    return load_frames(frame.set_axis(["user", "item", "value", "timestamp"], axis=1).assign(kind="rating"))


def compared(model: NeighbourRater, data: Dataset, file: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows and columns asked for, and how far each prediction is from LensKit's."""
    expected = pd.read_csv(LENSKIT / file)
    users = data.users.get_indexer(pd.Index(expected["user_id"].astype(str)))
    items = data.items.get_indexer(pd.Index(expected["item_id"].astype(str)))
    rows, columns = (users, items) if model.config.by == "people" else (items, users)
    return rows, columns, np.abs(model.voices.predict(rows, columns) - expected["prediction"].to_numpy())


@needs_lenskit
def test_people_predict_what_lenskit_predicted(ratings: Dataset) -> None:
    model = NeighbourRater(NeighbourConfig("people", speakers=30, likeness=ALL)).fit(ratings)
    assert compared(model, ratings, "user-user-preds.csv")[2].max() < 1e-12


@needs_lenskit
def test_items_predict_what_lenskit_predicted_but_for_ties(ratings: Dataset) -> None:
    model = NeighbourRater(NeighbourConfig("items", speakers=20, likeness=ALL)).fit(ratings)
    rows, columns, off = compared(model, ratings, "item-item-preds.csv")
    other = np.flatnonzero(off > 1e-12)
    assert len(other) <= 2
    assert off.max() < 0.04
    for at in other:
        # which of several items equally alike takes the twentieth place, no definition says
        rated = model.voices.deviations[columns[at]].indices
        alike = np.sort(model.voices.likeness[rows[at], rated].toarray().ravel())[::-1]
        assert alike[19] == pytest.approx(alike[20], rel=1e-12)
