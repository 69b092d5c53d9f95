"""What is bought together, told only where enough people stand behind it."""

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.rules import Rules, RulesConfig
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from tests.kits.candidate_model import DAY, CandidateModelTests


class TestRules(CandidateModelTests):
    learner = Rules
    solves_checkerboard = False


def baskets(*bought: tuple[str, int, str]) -> Dataset:
    """(person, day, items as letters), in seconds that differ within a day."""
    rows = [(user, item, DAY * day + 60 * n) for user, day, letters in bought for n, item in enumerate(letters)]
    return load_frames(pd.DataFrame(rows, columns=["user", "item", "timestamp"]))


def at(data: Dataset, *names: str) -> np.ndarray:
    return data.items.get_indexer(pd.Index(list(names))).astype(np.int64)


def shop(people: int = 12) -> Dataset:
    """Everybody takes a with b; half take c alone; one takes d with e, day after day."""
    pairs = [(f"u{n}", 1, "ab") for n in range(people)]
    alone = [(f"u{n}", 5, "c") for n in range(people // 2)]
    return baskets(*pairs, *alone, *[("loyal", day, "de") for day in range(20)])


def test_a_rule_counts_people_not_baskets() -> None:
    data = shop()
    model = Rules().fit(data)
    a, b, d = at(data, "a", "b", "d")
    assert (model.people[a, b], model.people[a].nnz, model.people[d].nnz) == (12, 1, 0)


def test_one_person_too_few_is_no_rule() -> None:
    data = shop(people=9)
    assert Rules().fit(data).people.nnz == 0
    assert Rules(RulesConfig(support=9)).fit(data).people.nnz == 2


def test_confidence_and_lift_are_those_of_the_textbook() -> None:
    more = [(f"v{n}", 2, "a") for n in range(4)] + [(f"w{n}", 2, "x") for n in range(24)]
    data = baskets(*[(f"u{n}", 1, "ab") for n in range(12)], *more)
    model = Rules(RulesConfig(prior=0.0)).fit(data)
    a, b = at(data, "a", "b")
    # 40 baskets: a in 16, b in 12, both in 12
    assert (model.confidence[a, b], model.confidence[b, a]) == pytest.approx((12 / 16, 1.0))
    assert (model.lift[a, b], model.lift[b, a]) == pytest.approx((np.log(12 * 40 / (16 * 12)),) * 2)


def test_what_chance_explains_has_no_lift() -> None:
    data = baskets(*[(f"u{n}", 1, "ab") for n in range(12)])
    a, b = at(data, "a", "b")
    assert Rules(RulesConfig(prior=0.0)).fit(data).lift[a, b] == 0


def test_things_of_two_days_are_not_together() -> None:
    data = baskets(*[(f"u{n}", day, item) for n in range(12) for day, item in ((1, "a"), (2, "b"))])
    assert Rules().fit(data).times.nnz == 0


def test_the_last_basket_speaks_loudest() -> None:
    links = [(f"u{n}", 1, "ab") for n in range(12)] + [(f"v{n}", 1, "cd") for n in range(12)]
    data = baskets(*links, ("me", 3, "a"), ("me", 8, "c"))
    me = data.users.get_indexer(pd.Index(["me"])).astype(np.int64)
    model = Rules().fit(data)
    rows = data.history.take(me)
    scores = model.scores(rows, me)["rules"][0]
    b, d = at(data, "b", "d")
    assert scores[b] == pytest.approx(0.5 * scores[d], rel=0.1)
    assert model.because(rows, 0, int(d)) == [(int(at(data, "c")[0]), 1.0)]


def test_counting_in_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    bought = [(f"u{n % 40}", n // 40, "".join(rng.choice(list("abcdefgh"), 4, replace=False))) for n in range(200)]
    data = baskets(*bought)
    whole = Rules().fit(data)
    monkeypatch.setattr("recommendations.candidates.rules.CELLS", 3 * data.n_items)
    monkeypatch.setattr("recommendations.candidates.rules.PAIRS_AT_ONCE", 5)
    parts = Rules().fit(data)
    assert whole.times.nnz > 20
    assert (whole.times != parts.times).nnz == (whole.people != parts.people).nnz == 0


def test_people_behind_a_rule_are_counted_as_by_hand() -> None:
    rng = np.random.default_rng(1)
    bought = [(f"u{n % 25}", n // 25, "".join(rng.choice(list("abcdef"), 3, replace=False))) for n in range(100)]
    data = baskets(*bought)
    model = Rules(RulesConfig(support=1)).fit(data)
    for one in "abcdef":
        for other in set("abcdef") - {one}:
            a, b = at(data, one, other)
            both = [user for user, _, letters in bought if one in letters and other in letters]
            assert model.people[a, b] == len(set(both))
            assert model.times[a, b] == len(both)


def test_without_times_it_knows_nothing() -> None:
    data = load_frames(pd.DataFrame({"user": ["a", "a"], "item": ["x", "y"]}))
    for array in Rules().fit(data).scores(data.history, np.array([0])).values():
        assert not array.any()
