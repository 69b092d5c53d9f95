from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recommendations.dataset import load
from recommendations.dataset.load import BadInput, load_files, load_frames, read_ids


def test_ids_stay_text_and_the_asked_get_a_place(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("timestamp,item,user\n5,007,NA\n,x,b\n")
    data = load_files(tmp_path / "t.csv", asked=["stranger"])
    assert data.users.tolist() == ["NA", "b", "stranger"]
    assert data.items.tolist() == ["007", "x"]
    assert not data.timed


def test_every_bad_row_is_named_with_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("user,item,value,timestamp\na,x,1,1\n,x,1,1\na,y,much,1\na,z,1,soon\n")
    with pytest.raises(BadInput) as caught:
        load_files(tmp_path / "t.csv")
    assert caught.value.count == 3
    assert {(flaw.line, flaw.column) for flaw in caught.value.flaws} == {(3, "user"), (4, "value"), (5, "timestamp")}


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(BadInput, match="item"):
        load_frames(pd.DataFrame({"user": ["a"]}))


def test_times_may_be_iso_text() -> None:
    data = load_frames(pd.DataFrame({"user": ["a"], "item": ["x"], "timestamp": ["1970-01-02T00:00:00Z"]}))
    assert data.timestamp.tolist() == [86400.0]


def test_lists_of_ids_are_read_once_each(tmp_path: Path) -> None:
    (tmp_path / "u.txt").write_text("b\n\na\nb\n")
    assert read_ids(tmp_path / "u.txt") == ["b", "a"]


def test_a_file_read_in_many_parts_is_the_same_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"u{n % 7},i{n % 5},{('view', '', 'order')[n % 3]},{n},{n * 1000}" for n in range(40)]
    path = tmp_path / "t.csv"
    path.write_text("user,item,kind,value,timestamp\n" + "\n".join(rows) + "\n")
    whole = load_files(path, asked=["stranger"])
    monkeypatch.setattr(load, "PART_ROWS", 3)
    parts = load_files(path, asked=["stranger"])
    for name in ("users", "items", "kind"):
        assert list(getattr(parts, name)) == list(getattr(whole, name))
    for name in ("user_ix", "item_ix", "value", "timestamp", "weight"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    assert whole.kind.categories.tolist() == ["order", "purchase", "view"]
    path.write_text(path.read_text() + "a,,order,1,1\n")
    with pytest.raises(BadInput) as caught:
        load_files(path)
    assert [flaw.line for flaw in caught.value.flaws] == [42]


def test_a_file_with_a_header_alone_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("user,item\n")
    data = load_files(tmp_path / "t.csv", asked=["a"])
    assert data.shape == (1, 0)
    assert data.n_events == 0
