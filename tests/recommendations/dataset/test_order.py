"""Files without times: a log keeps its order in its rows, a sorted or mixed file has none to tell."""

from io import StringIO

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.catalogue import learners_for
from recommendations.dataset import order
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History
from recommendations.dataset.load import load_frames
from recommendations.dataset.split import choose_protocol, person_window
from recommendations.dataset.steps import steps
from recommendations.pipeline.fit import fit_hybrid

TOPICS, PER_TOPIC = 8, 12


def walks(people: int = 120) -> pd.DataFrame:
    """People who pass through three topics one after the other and take some things of each, in rows as they happen."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        [
            {"user": f"u{person}", "item": f"i{topic * PER_TOPIC + thing:03d}", "value": float(rng.integers(1, 6))}
            for person in range(people)
            for topic in rng.permutation(TOPICS)[:3]
            for thing in rng.permutation(PER_TOPIC)[: rng.integers(4, 10)]
        ]
    )


@pytest.fixture(scope="module")
def log() -> Dataset:
    """The walks without a time."""
    return load_frames(walks())


def by_value(table: pd.DataFrame) -> pd.DataFrame:
    """Each person's best things first."""
    return table.sort_values(["user", "value"], ascending=[True, False], kind="stable")


def test_rows_of_a_log_without_times_are_in_order(log: Dataset) -> None:
    assert log.in_order
    assert log.sequenced
    assert not log.timed


def test_several_peoples_rows_may_come_mixed_as_long_as_each_ones_are_in_order() -> None:
    table = walks()
    turn = table.groupby("user").cumcount()
    assert load_frames(table.assign(turn=turn).sort_values("turn", kind="stable")).in_order


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("sorted by item", lambda table: table.sort_values(["user", "item"])),
        ("sorted by a name nobody sees", lambda table: table.sort_values("item", key=lambda one: one.map(hash_of))),
        ("sorted by value", by_value),
        ("mixed", lambda table: table.sample(frac=1, random_state=1)),
        ("too few people", lambda table: table[table["user"].isin([f"u{n}" for n in range(order.FEWEST - 1)])]),
        ("too few rows each", lambda table: table.groupby("user").head(order.ROWS - 1)),
        ("nothing", lambda table: table.head(0)),
    ],
)
def test_rows_that_are_in_no_order_or_in_another_tell_nothing(name: str, rows: object) -> None:
    data = load_frames(rows(walks()))  # type: ignore[operator]
    assert not data.in_order, name
    assert not data.sequenced
    assert not np.isfinite(data.order).any()


def hash_of(item: str) -> int:
    """A number that has nothing to do with the item's topic."""
    return int(item[1:]) * 7919 % 10007


def test_where_there_are_times_rows_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommendations.dataset.load.in_order", lambda *_: pytest.fail("asked"))
    data = load_frames(walks().assign(timestamp=np.arange(len(walks()))))
    assert data.sequenced
    np.testing.assert_array_equal(data.order, data.timestamp)


def test_rows_say_which_things_are_a_persons_last(log: Dataset) -> None:
    history = log.history
    own = [str(log.items[at]) for at in history.indices[: history.lengths[0]]]
    rank = dict(zip(own, history.ranks[: history.lengths[0]], strict=True))
    listed = list(walks().query("user == 'u0'")["item"])
    assert [rank[item] for item in listed] == list(range(len(listed) - 1, -1, -1))
    weights = history.recent(0.3).data
    assert weights.max() == 1.0
    assert weights.min() < 0.1
    assert not history.timed


def test_a_subset_and_a_kept_history_remember_the_order(log: Dataset) -> None:
    half = log.subset(np.arange(log.n_events) % 2 == 0)
    assert half.sequenced
    arrays, values = half.history.artifacts()
    back = History.from_artifacts(arrays, values)
    np.testing.assert_array_equal(back.ranks, half.history.ranks)
    taken = back.take(np.array([5, -1, 0]))
    np.testing.assert_array_equal(taken.ranks[: taken.lengths[0]], half.history.take(np.array([5])).ranks)


def test_a_history_kept_with_times_needs_no_second_column_for_its_order() -> None:
    history = load_frames(walks().assign(timestamp=86400 * np.arange(len(walks())))).history
    arrays, values = history.artifacts()
    assert "place" not in arrays
    np.testing.assert_array_equal(History.from_artifacts(arrays, values).ranks, history.ranks)


def test_last_items_are_held_out_by_their_rows_and_lists_are_validated_so(log: Dataset) -> None:
    assert choose_protocol(log, None) == "last"
    assert choose_protocol(log, np.arange(log.n_users)) == "last"
    window = person_window(log, last=True, seed=0)
    held = window.any[0].indices
    listed = list(walks().query("user == 'u0'")["item"])
    assert {str(log.items[at]) for at in held} == set(listed[-round(0.2 * len(listed)) :])


def test_learners_hear_the_order(log: Dataset) -> None:
    views = {view for learner in learners_for(log) for view in learner.fit(log).views}
    assert {"knn_recent", "ease_recent_0.3", "als_recent", "next"} <= views
    assert not any("popular_" in view for view in views)
    taken = steps(log, by_day=False)
    assert len(taken) == log.n_events
    assert (np.diff(taken.times)[taken.same_person(1)] == 1).all()
    assert not len(steps(log, by_day=True))


def test_who_walks_on_is_understood_better_by_the_order_than_without_it() -> None:
    table = walks(300)
    place = table.groupby("user").cumcount(ascending=False)
    known, later = table[place >= 3], table[place < 3]
    reached = []
    for rows in (known, known.sample(frac=1, random_state=1)):
        data = load_frames(rows)
        lists = fit_hybrid(data).recommend(np.arange(data.n_users)).items
        told = pd.DataFrame({"user": np.repeat(data.users, lists.shape[1]), "item": data.items[lists.ravel()]})
        top = told.groupby("user").head(3)
        reached.append(len(top.merge(later, on=["user", "item"])))
    assert reached[0] > 1.2 * reached[1]


def test_a_csv_without_a_time_column_is_read_in_its_order() -> None:
    text = walks().to_csv(index=False)
    assert load_frames(pd.read_csv(StringIO(text), dtype=str)).in_order
