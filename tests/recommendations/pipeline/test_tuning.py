"""Dials are turned to where their learner ranks best, by the newest window of the training data and by nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from recommendations.candidates import settings as sizes
from recommendations.candidates.als import Als, AlsConfig
from recommendations.candidates.catalogue import learners_for
from recommendations.candidates.people_knn import PeopleKnnConfig
from recommendations.candidates.settings import Settings, settings_for
from recommendations.dataset.arrays import Doubles
from recommendations.dataset.events import Dataset
from recommendations.dataset.split import Window, windows_for
from recommendations.evaluation.metrics import interval
from recommendations.pipeline import tuning
from recommendations.pipeline.tuning import DIALS, Dial, as_values, tuned
from tests.kits.candidate_model import planted
from tests.kits.planted_model import planted_model


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Four tastes over half a year."""
    return planted()


@pytest.fixture(scope="module")
def windows(data: Dataset) -> list[Window]:
    """Three windows in time."""
    return windows_for(data, "time", 0)


def silent(done: int, total: int, doing: str) -> None:
    """Nobody listens."""


def test_a_dial_moves_where_its_learner_surely_ranks_better(windows: list[Window]) -> None:
    trial = tuning._Trial(windows, 0)
    dial = next(one for one in DIALS if key(one) == "people_knn.neighbours")
    # three people who took the same say less than all who share a taste
    stands = replace(Settings(), people_knn=PeopleKnnConfig(neighbours=3))
    wide = replace(dial, values=(3, *dial.values))
    moved = trial.turned(stands, wide)
    assert moved.people_knn.neighbours > 3
    low, _ = interval(trial.values(moved, dial) - trial.values(stands, dial))
    assert low > 0
    assert trial.values(moved, dial).mean() > 0


def test_windows_of_the_training_data_are_asked_and_nothing_else(
    data: Dataset, windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[Dataset] = []

    class Watched(Als):
        def fit(self, dataset: Dataset) -> "Watched":
            fitted.append(dataset)
            return super().fit(dataset)

    monkeypatch.setitem(tuning.LEARNERS, "als", lambda settings: Watched(settings.als))
    tuned(data, windows, 0, silent)
    assert {id(one) for one in fitted} == {id(window.known) for window in windows}
    fitted.clear()
    monkeypatch.setattr(tuning, "PEOPLE", 20)
    tuned(data, windows, 0, silent)
    assert {id(one) for one in fitted} == {id(windows[-1].known)}


def test_a_trial_asks_the_newest_window_first_and_no_more_people_than_it_may(
    windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "PEOPLE", 300)
    asked = tuning._Trial(windows, 0).asked
    assert asked[0][0] is windows[-1]
    assert sum(len(people) for _, people in asked) == 300
    assert all((window.known.history.lengths[people] > 0).all() for window, people in asked)


def heights(monkeypatch: pytest.MonkeyPatch, spread: float) -> list[float]:
    """Let trials say that 4.4 factors are best, each person `spread` apart; what was tried is noted."""
    tried: list[float] = []

    def values(trial: object, settings: Settings, dial: Dial) -> Doubles:
        tried.append(settings.als.factors)
        noise = np.random.default_rng(settings.als.factors).normal(0, spread, 100)
        return -abs(settings.als.factors - 4.4) + noise - noise.mean()

    monkeypatch.setattr(tuning._Trial, "values", values)
    return tried


def test_every_second_value_is_tried_and_then_the_neighbours_of_the_best(
    windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = heights(monkeypatch, spread=0.1)
    stands = replace(Settings(), als=AlsConfig(factors=1))
    dial = Dial("als", "factors", (1, 2, 3, 4, 5, 6, 7))
    assert tuning._Trial(windows, 0).turned(stands, dial).als.factors == 4
    assert tried == [1, 3, 5, 7, 4, 6]


def test_a_dial_stays_where_the_gain_is_within_its_error(
    windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    heights(monkeypatch, spread=50.0)
    stands = replace(Settings(), als=AlsConfig(factors=2))
    assert tuning._Trial(windows, 0).turned(stands, Dial("als", "factors", (1, 2, 3, 4, 5, 6, 7))) is stands


def key(dial: Dial) -> str:
    """As in as_values()."""
    return f"{dial.learner}.{dial.name}"


def test_every_dial_can_be_put_back_to_where_it_stands_untuned() -> None:
    assert all(as_values(Settings())[key(dial)] in dial.values for dial in DIALS)


def test_without_windows_and_in_a_large_shop_nothing_is_turned(
    data: Dataset, windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tuned(data, [], 0, silent) == Settings()
    monkeypatch.setattr(sizes, "LARGE", 1)
    assert tuned(data, windows, 0, silent) == settings_for(data)
    assert settings_for(data).ease.links == sizes.LINKS


def test_where_nobody_took_anything_new_nothing_is_turned(data: Dataset, windows: list[Window]) -> None:
    nothing = [replace(window, new=window.new * 0) for window in windows]
    for window in nothing:
        window.new.eliminate_zeros()
    assert tuned(data, nothing, 0, silent) == Settings()


def test_a_learner_whose_library_is_missing_is_not_tried(
    data: Dataset, windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "left_out", lambda: {"als": "no library"})
    monkeypatch.setitem(tuning.LEARNERS, "als", lambda settings: pytest.fail("tried"))
    assert tuned(data, windows, 0, silent).als == Settings().als


def test_settings_are_read_back_from_the_learners_they_made(data: Dataset) -> None:
    wanted = replace(Settings(), als=replace(Settings().als, factors=8))
    wanted = replace(wanted, ease=replace(wanted.ease, ridge=30.0))
    assert Settings.of(learners_for(data, wanted)) == wanted


def test_a_model_says_where_its_dials_stand() -> None:
    model = planted_model()
    assert model.facts["tuned"] == as_values(Settings.of(model.learners))


def test_a_middling_shop_learns_one_regression_of_the_head_and_keeps_its_strongest_weights(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "is_middling", lambda dataset: True)
    monkeypatch.setattr("recommendations.candidates.catalogue.is_middling", lambda dataset: True)
    monkeypatch.setattr(sizes, "MIDDLING_LINKS", 7)
    regressions = [one for one in learners_for(data) if one.name.startswith("ease")]
    assert [one.name for one in regressions] == ["ease_even"]
    model = regressions[0].fit(data)
    links = model.links  # type: ignore[attr-defined]
    assert (np.diff(links.indptr) <= 7).all()
    assert links.nnz > 0
    assert tuned(data, windows_for(data, "time", 0), 0, silent).ease.links == 7


def test_a_shop_is_middling_when_neither_its_people_nor_its_items_are_few() -> None:
    class Shape:
        n_users, n_items = 12_001, 12_001
        shape = (n_users, n_items)

    assert sizes.is_middling(Shape())  # type: ignore[arg-type]
    Shape.shape = (12_000, 50_000)
    assert not sizes.is_middling(Shape())  # type: ignore[arg-type]
    Shape.shape, Shape.n_users, Shape.n_items = (100_000, 50_000), 100_000, 50_000
    assert not sizes.is_middling(Shape())  # type: ignore[arg-type]
