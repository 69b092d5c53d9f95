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
