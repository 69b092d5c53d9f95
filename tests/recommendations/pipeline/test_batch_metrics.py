"""The figures of a test file: by hand on a small split, and equal to the scoring script's where it is at hand."""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recommendations.dataset.load import BadInput, load_frames
from recommendations.pipeline import batch
from recommendations.pipeline.batch_metrics import compare, exam_of, measure, read_test
from recommendations.ranking.reasons import SENTENCES
from tests.kits.candidate_model import planted

DATA = Path(os.environ.get("RELATA_DATA", Path(__file__).parents[4] / "shared" / "data"))
SCORE = DATA.parent / "bench" / "score.py"


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Planted tastes cut in time, with a new item, a newcomer and somebody who is not asked for."""
    folder = tmp_path_factory.mktemp("split")
    data = planted(people=120)
    frame = pd.DataFrame(
        {"user": data.users[data.user_ix], "item": data.items[data.item_ix], "timestamp": data.timestamp}
    )
    cut = frame.timestamp.quantile(0.8)
    train, test = frame[frame.timestamp <= cut], frame[frame.timestamp > cut]
    had = train[["user", "item"]].drop_duplicates()
    test = test.merge(had, how="left", indicator=True)
    test = test[test.pop("_merge") == "left_only"]
    more = pd.DataFrame(
        {"user": ["newcomer", "u3", "newcomer", "nobody"], "item": ["tea0", "brand new", "wine1", "tea1"]}
    )
    test = pd.concat([test, more], ignore_index=True)
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    data.item_table.assign(item=data.items).to_csv(folder / "items.csv", index=False)
    (folder / "users.txt").write_text("\n".join(sorted(set(test.user) - {"nobody"})))
    return folder


@dataclass(frozen=True)
class Run:
    """One batch, explained and scored."""

    recs: pd.DataFrame
    figures: dict[str, Any]
    told: str


@pytest.fixture(scope="module")
def run(split: Path) -> Run:
    parser = argparse.ArgumentParser()
    batch.add_arguments(parser)
    files = ["--interactions", split / "train.csv", "--for", split / "users.txt", "--items", split / "items.csv"]
    outs = ["--out", split / "recs.csv", "--metrics", split / "test.csv", "--metrics-out", split / "figures.json"]
    outcome = batch.recommend_files(batch.job_from(parser.parse_args([*map(str, [*files, *outs]), "--explain"])))
    recs = pd.read_csv(split / "recs.csv", dtype=str, keep_default_na=False)
    return Run(recs, json.loads((split / "figures.json").read_text()), batch.summary(outcome))


def test_a_batch_says_what_it_had_to_learn_without(split: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommendations.candidates.implicit_library.WHY_NOT", "there is no libgomp")
    parser = argparse.ArgumentParser()
    batch.add_arguments(parser)
    files = ["--interactions", split / "train.csv", "--for", split / "users.txt", "--out", split / "bare.csv"]
    outcome = batch.recommend_files(batch.job_from(parser.parse_args([*map(str, files)])))
    assert "without als: there is no libgomp" in batch.summary(outcome)


def test_figures_are_those_worked_out_by_hand() -> None:
    train = pd.DataFrame({"user": list("aaabbc"), "item": list("xyzxyx")})
    test = pd.DataFrame({"user": list("bbcdb"), "item": list("zwyxx")})
    data = load_frames(train, asked=["d"])
    exam = exam_of(data, test, repeats=False)
    assert list(exam.users) == ["b", "c", "d"]
    x, y, z = data.items.get_indexer(pd.Index(list("xyz")))
    # b had x and y, so z is first; c had x, so z comes before y; d is new and takes x
    got = measure(exam, np.array([[x, z, y], [x, z, y], [z, x, y]])).figures
    second = 1 / np.log2(3)
    ideal_two = 1 + second
    assert got["users"] == 2
    # b's right answers with history are z and x, and x cannot be shown because b had it
    assert got["ndcg10"] == pytest.approx((1 / ideal_two + second) / 2)
    assert got["recall10"] == pytest.approx((0.5 + 1) / 2)
    assert got["map10"] == pytest.approx((0.5 + 0.5) / 2)
    assert got["coldstart_users"] == 1
    assert got["coldstart_ndcg10"] == pytest.approx(second)
    assert got["cold_item_recall20"] == 0
    assert got["coverage10"] == pytest.approx(2 / 3)
    assert got["users_cold_le3"] == 2
    assert got["ndcg10_hot_gt20"] is None
    repeated = measure(exam_of(data, test, repeats=True), np.array([[x, z, y], [x, z, y], [z, x, y]])).figures
    assert repeated["ndcg10"] == pytest.approx((1 + 0.5) / 2)


def test_a_perfect_list_scores_one_and_none_scores_nothing() -> None:
    data = load_frames(pd.DataFrame({"user": list("aabb"), "item": list("wxyz")}))
    test = pd.DataFrame({"user": ["a", "b"], "item": ["y", "x"]})
    right = data.items.get_indexer(pd.Index(["y", "x"]))[:, None]
    exam = exam_of(data, test, repeats=False)
    figures = compare(exam, right).hybrid.figures
    assert (figures["ndcg10"], figures["hit10"], figures["users_without_list"]) == (1, 1, 0)
    nothing = measure(exam, np.full((2, 1), -1)).figures
    assert (nothing["ndcg10"], nothing["novelty10"], nothing["users_without_list"]) == (0, 0, 2)


@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.skipif(not SCORE.exists(), reason="the scoring script is not here (../bench beside RELATA_DATA)")
def test_figures_equal_the_scoring_scripts(split: Path, run: Run, repeats: bool) -> None:
    files = [split / "recs.csv", split / "test.csv", split / "train.csv"]
    command = [sys.executable, SCORE, *files, "--json", *(["--repeats"] if repeats else [])]
    expected = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    figures = run.figures["hybrid"]
    if repeats:
        data = load_frames(pd.read_csv(files[2], dtype=str), pd.read_csv(split / "items.csv", dtype=str))
        exam = exam_of(data, read_test(files[1]), repeats=True)
        lists = run.recs.pivot_table(index="user", columns="rank", values="item", aggfunc="first")
        lists = lists[sorted(lists.columns, key=int)].reindex(exam.users)
        figures = measure(exam, np.stack([data.items.get_indexer(lists[rank]) for rank in lists], axis=1)).figures
    assert set(figures) == set(expected)
    for name, value in expected.items():
        assert figures[name] == pytest.approx(value, abs=1e-9), name


def test_popularity_stands_beside_and_the_table_says_by_how_much(run: Run) -> None:
    figures = run.figures
    gain = figures["hybrid"]["ndcg10"] - figures["popularity"]["ndcg10"]
    assert figures["gain"]["ndcg10"] == pytest.approx(gain)
    assert figures["gain"]["low"] < gain < figures["gain"]["high"]
    assert f"{figures['hybrid']['recall20']:.5f}" in run.told
    assert "ndcg10 over popularity" in run.told


def test_explained_lists_name_the_source_and_share_out_the_score(run: Run) -> None:
    recs = run.recs
    assert list(recs.columns) == batch.EXPLAINED
    because = recs[recs.reason.str.startswith("because_you_bought:")]
    assert len(because)
    assert (because.reason == "because_you_bought:" + because.source).all()
    assert (recs[~recs.reason.str.contains(":")].source == "").all()
    shares = recs[[f"share_{one.code}" for one in SENTENCES.values()]].astype(float).sum(axis=1)
    assert np.all(np.isclose(shares, 1, atol=2e-3) | (shares == 0))


def test_what_cannot_be_scored_is_told_before_anything_is_learned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("user,thing\na,x\n")
    with pytest.raises(BadInput, match="item: is missing"):
        read_test(tmp_path / "t.csv")
    (tmp_path / "e.csv").write_text("user,item\na,\n")
    with pytest.raises(BadInput, match="line 2, column item"):
        read_test(tmp_path / "e.csv")
    options = ["--interactions", "x", "--for", "x", "--out", "x", "--metrics-out", "y"]
    assert batch.main(options) == 2
    assert "--metrics-out needs --metrics" in capsys.readouterr().err
