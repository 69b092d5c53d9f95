from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib import signing
from recommendations.pipeline import batch
from recommendations.pipeline.fitted import FittedHybrid, Wish
from tests.kits.candidate_model import planted
from tests.kits.planted_model import planted_model


@pytest.fixture
def hybrid() -> FittedHybrid:
    return planted_model()


def test_the_hybrid_beats_popularity_where_it_was_not_learned(hybrid: FittedHybrid) -> None:
    report = hybrid.reports[0]
    ours, popular = report.of("hybrid"), report.of("popular")
    assert ours is not None
    assert popular is not None
    assert ours.low > popular.ndcg10


def test_a_saved_recommender_gives_the_same_lists(hybrid: FittedHybrid, tmp_path: Path) -> None:
    hybrid.save(tmp_path / "model", tmp_path / "key")
    back = FittedHybrid.load(tmp_path / "model", signing.public_bytes(signing.signing_key(tmp_path / "key")))
    users = np.array([0, 7, -1])
    one, two = hybrid.recommend(users, Wish(k=20)), back.recommend(users, Wish(k=20))
    np.testing.assert_array_equal(one.items, two.items)
    np.testing.assert_allclose(one.scores, two.scores, atol=1e-5)
    np.testing.assert_array_equal(one.reasons, two.reasons)


def test_everyone_asked_gets_k_rows_ranked_once_each(tmp_path: Path) -> None:
    data = planted(people=80)
    frame = pd.DataFrame(
        {"user": data.users[data.user_ix], "item": data.items[data.item_ix], "timestamp": data.timestamp}
    )
    frame.to_csv(tmp_path / "train.csv", index=False)
    (tmp_path / "users.txt").write_text("u0\nu5\nnever seen\n")
    options = ["--interactions", str(tmp_path / "train.csv"), "--for", str(tmp_path / "users.txt")]
    assert batch.main([*options, "-k", "50", "--out", str(tmp_path / "recs.csv")]) == 0
    recs = pd.read_csv(tmp_path / "recs.csv", dtype={"user": str})
    assert list(recs.columns) == batch.COLUMNS
    assert recs.groupby("user").size().to_dict() == {"u0": 50, "u5": 50, "never seen": 50}
    assert not recs.duplicated(["user", "item"]).any()
    for _, rows in recs.groupby("user"):
        assert rows["rank"].tolist() == list(range(1, 51))
        assert rows["score"].diff().dropna().le(1e-9).all()


def test_a_bad_file_is_told_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text("user,item\n,x\n")
    (tmp_path / "u.txt").write_text("a\n")
    options = ["--interactions", str(tmp_path / "t.csv"), "--for", str(tmp_path / "u.txt")]
    assert batch.main([*options, "--out", str(tmp_path / "o.csv")]) == 2
    assert "line 2, column user" in capsys.readouterr().err
    assert not (tmp_path / "o.csv").exists()
