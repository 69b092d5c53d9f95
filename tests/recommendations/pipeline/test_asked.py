"""A question put to a trained recommender: only what matches, in each person's own order."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib import signing
from recommendations.dataset.history import DAY
from recommendations.dataset.load import load_frames
from recommendations.pipeline import batch
from recommendations.pipeline.asked import Question, answer
from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import FittedHybrid
from recommendations.ranking.policy import Policy
from recommendations.ranking.reasons import ListReason

COLOURS = ("red", "blue")
THINGS = ("cup", "lamp", "rug", "bowl")


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """People like red things or blue ones; every thing comes in both colours, the lower its number the more
    often it is bought, and there is one answer."""
    rng = np.random.default_rng(5)
    rows = []
    for person in range(160):
        colour = COLOURS[person % 2]
        for _ in range(7):
            shade = colour if rng.random() < 0.95 else COLOURS[1 - person % 2]
            thing = THINGS[rng.integers(len(THINGS))]
            rows.append(
                (f"u{person}", f"{shade}-{thing}-{rng.choice(3, p=(0.6, 0.3, 0.1))}", int(rng.integers(1, 200)) * DAY)
            )
    items = [
        {"item": f"{colour}-{thing}-{n}", "name": f"{thing} number {n}", "tags": "家居", "kind": "product"}
        for colour in COLOURS
        for thing in THINGS
        for n in range(3)
    ]
    items.append({"item": "care", "name": "How to wash a rug 地毯清洗", "tags": "", "kind": "answer"})
    return pd.DataFrame(rows, columns=["user", "item", "timestamp"]), pd.DataFrame(items)


@pytest.fixture(scope="module")
def hybrid() -> FittedHybrid:
    return fit_hybrid(load_frames(*frames()))


def test_only_what_matches_is_listed_and_taste_decides_the_order(hybrid: FittedHybrid) -> None:
    lists = answer(hybrid, np.arange(160), Question("lamp"))
    shown = lists.items[lists.items >= 0]
    assert all("lamp" in hybrid.items[item] for item in shown)
    assert (lists.items >= 0).sum(axis=1).tolist() == [6] * 160
    first = np.array([hybrid.items[item].split("-")[0] for item in lists.items[:, 0]])
    own = np.array([COLOURS[int(name[1:]) % 2] for name in hybrid.users])
    assert (first == own).mean() > 0.9
    scores = lists.scores[:, :6]
    assert (np.diff(scores, axis=1) <= 1e-6).all()
    np.testing.assert_allclose(lists.shares[:, :6].sum(axis=2), 1, atol=1e-4)
    assert (lists.shares[:, 0, ListReason.MATCH] > 0.3).all()


def test_a_stranger_gets_what_matches_popular_things_first(hybrid: FittedHybrid) -> None:
    lists = answer(hybrid, np.array([-1]), Question("bowl"))
    items = lists.items[0][lists.items[0] >= 0]
    assert len(items) == 6
    assert all(hybrid.items[item].endswith("-0") for item in items[:2])
    assert all(hybrid.items[item].endswith("-2") for item in items[4:])


def test_a_product_that_nobody_has_yet_does_not_move_the_scores_of_the_others() -> None:
    events, items = frames()
    unsold = pd.DataFrame([{"item": "red-lamp-9", "name": "lamp number 9", "tags": "家居", "kind": "product"}])
    hybrid = fit_hybrid(load_frames(events, pd.concat([items, unsold])))
    hidden = np.array(hybrid.items == "red-lamp-9")
    without = Policy(hidden, np.ones(len(hidden), bool), rest_days=0)
    people = np.arange(20)
    given = [answer(hybrid, people, Question("lamp", policy=policy)) for policy in (without, None)]
    scores = [
        {
            (person, int(item)): score
            for person in people
            for item, score in zip(lists.items[person], lists.scores[person], strict=True)
            if item >= 0 and not hidden[item]
        }
        for lists in given
    ]
    assert (given[1].items == np.flatnonzero(hidden)[0]).any(axis=1).all()
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)


def test_kinds_and_the_shops_rules_hold_for_questions_too(hybrid: FittedHybrid) -> None:
    wash = hybrid.items.get_loc("care")
    assert answer(hybrid, np.array([3]), Question("清洗地毯", k=5)).items[0].tolist() == [wash, -1, -1, -1, -1]
    rugs = answer(hybrid, np.array([3]), Question("rug", kinds=("product",))).items
    assert wash not in rugs
    blocked = np.zeros(len(hybrid.items), bool)
    blocked[rugs[0, 0]] = True
    policy = Policy(blocked, np.ones(len(blocked), bool), rest_days=0)
    assert rugs[0, 0] not in answer(hybrid, np.array([3]), Question("rug", policy=policy)).items
    bought_for_good = Policy(np.zeros(len(blocked), bool), np.zeros(len(blocked), bool))
    had = set(hybrid.history.take(np.array([3])).indices.tolist())
    assert had
    assert not had & set(answer(hybrid, np.array([3]), Question("cup lamp rug bowl", policy=bought_for_good)).items[0])


def test_a_question_without_an_answer_gives_empty_lists(hybrid: FittedHybrid) -> None:
    lists = answer(hybrid, np.array([0, -1]), Question("zeppelin", k=4))
    assert (lists.items == -1).all()
    assert lists.items.shape == (2, 4)
    assert answer(hybrid, np.zeros(0, np.int64), Question("lamp", k=4)).items.shape == (0, 4)


def test_a_saved_model_answers_alike(hybrid: FittedHybrid, tmp_path: Path) -> None:
    hybrid.save(tmp_path / "model", tmp_path / "key")
    back = FittedHybrid.load(tmp_path / "model", signing.public_bytes(signing.signing_key(tmp_path / "key")))
    users = np.array([0, 1, -1])
    one, two = (answer(model, users, Question("lamp")) for model in (hybrid, back))
    np.testing.assert_array_equal(one.items, two.items)
    np.testing.assert_array_equal(one.reasons, two.reasons)


def test_the_batch_answers_a_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, frame in zip(("train.csv", "items.csv"), frames(), strict=True):
        frame.to_csv(tmp_path / name, index=False)
    (tmp_path / "users.txt").write_text("u0\nu1\nstranger\n")
    files = {"--interactions": "train.csv", "--items": "items.csv", "--for": "users.txt", "--out": "recs.csv"}
    options = [part for name, file in files.items() for part in (name, str(tmp_path / file))]
    assert batch.main([*options, "--kind", "answer"]) == 2
    assert "--kind needs --query" in capsys.readouterr().err
    assert batch.main([*options, "--query", "rug", "--kind", "product"]) == 0
    recs = pd.read_csv(tmp_path / "recs.csv")
    assert recs.groupby("user").size().to_dict() == {"stranger": 6, "u0": 6, "u1": 6}
    assert recs.item.str.contains("rug").all()
