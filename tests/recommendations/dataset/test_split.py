import numpy as np
import pandas as pd

from recommendations.dataset.load import load_frames
from recommendations.dataset.split import choose_protocol, person_window, time_window
from tests.kits.candidate_model import planted


def test_a_time_window_knows_nothing_of_the_future() -> None:
    data = planted()
    window = time_window(data, 0.8)
    assert window.known.timestamp.max() <= np.quantile(data.timestamp, 0.8)
    assert window.new.multiply(window.known.history.pairs).nnz == 0
    assert window.any.nnz > window.new.nnz


def test_the_last_items_of_each_person_are_held_out() -> None:
    rows = pd.DataFrame({"user": ["a"] * 5 + ["b"] * 5, "item": list("vwxyz") * 2, "timestamp": [1, 2, 3, 4, 5] * 2})
    # z is warm only if somebody keeps it
    window = person_window(
        load_frames(pd.concat([rows, pd.DataFrame({"user": ["c"], "item": ["z"], "timestamp": [1]})])),
        last=True,
        seed=0,
    )
    assert window.new.toarray().tolist() == [[0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]


def test_without_times_items_are_held_out_at_random() -> None:
    assert choose_protocol(load_frames(pd.DataFrame({"user": ["a"], "item": ["x"]})), None) == "random"


def test_the_shops_own_night_looks_ahead_in_time() -> None:
    assert choose_protocol(planted(), None) == "time"


def log_of(order: str) -> pd.DataFrame:
    """Sixty people, each taking ten of thirty items over the days; rows by person, by time, or in no order."""
    rng = np.random.default_rng(5)
    rows = [
        {"user": f"u{person}", "item": f"i{item}", "timestamp": 86400 * (person + place)}
        for person in range(60)
        for place, item in enumerate(rng.permutation(30)[:10])
    ]
    table = pd.DataFrame(rows)
    if order == "time":
        return table.sort_values("timestamp", kind="stable")
    return table.sample(frac=1, random_state=2) if order == "none" else table


def test_rows_in_no_order_are_taken_for_a_sample_and_rows_in_any_for_a_log() -> None:
    shuffled = {order: load_frames(log_of(order)).shuffled for order in ("person", "time", "none")}
    assert shuffled == {"person": False, "time": False, "none": True}


def test_a_list_for_everybody_from_a_log_is_validated_on_last_items_and_from_a_sample_on_random_ones() -> None:
    for order, protocol in (("person", "last"), ("none", "random")):
        data = load_frames(log_of(order))
        assert choose_protocol(data, np.arange(data.n_users)) == protocol
