"""The shop's rules: each strikes out what it should, is counted, and says why."""

import numpy as np
import pandas as pd
import pytest

from recommendations.dataset.arrays import from_pairs
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY
from recommendations.dataset.load import load_frames
from recommendations.pipeline.fitted import FittedHybrid, Wish
from recommendations.ranking.fatigue import FatigueRule, Showings, Tired, tired
from recommendations.ranking.policy import TOLD, Exclusion, Policy, PriceBound, counted, told
from tests.kits.candidate_model import planted
from tests.kits.planted_model import planted_model

NOW = 100 * DAY
ITEMS = 8


@pytest.fixture
def bought() -> Dataset:
    """Person a bought i0 yesterday and i1 long ago; b bought i7."""
    rows = [("a", "i0", NOW - DAY), ("a", "i1", NOW - 90 * DAY), ("b", "i7", NOW)]
    items = pd.DataFrame({"item": [f"i{n}" for n in range(ITEMS)]})
    return load_frames(pd.DataFrame(rows, columns=["user", "item", "timestamp"]), items)


def at(*positions: int) -> np.ndarray:
    out = np.zeros(ITEMS, bool)
    out[list(positions)] = True
    return out


def codes(data: Dataset, policy: Policy, users: tuple[int, ...] = (0, 1, -1)) -> np.ndarray:
    who = np.array(users)
    return policy.codes(data.history.take(who), who)


def test_each_rule_strikes_out_its_items_and_says_so(bought: Dataset) -> None:
    policy = Policy(
        blocked=at(2, 3),
        repeatable=at(0),
        out_of_stock=at(3),
        blocked_categories=at(4),
        price=PriceBound(prices=np.array([1, 1, 1, 1, 1, 99, np.nan, 1.0]), placement=50.0),
    )
    own, other, stranger = codes(bought, policy)
    everybody = [0, 0, Exclusion.BLOCKED, Exclusion.OUT_OF_STOCK, Exclusion.CATEGORY, Exclusion.TOO_DEAR, 0, 0]
    assert stranger.tolist() == everybody
    assert own.tolist() == [Exclusion.RESTING, Exclusion.OWNED, *everybody[2:]]
    assert other.tolist() == [*everybody[:7], Exclusion.OWNED]
    assert counted(own) == {one: 1 for one in Exclusion if one is not Exclusion.TIRED}


def test_a_price_bound_of_ones_own_hides_dearer_things_from_one_person_alone(bought: Dataset) -> None:
    prices = np.arange(ITEMS, dtype=float)
    bound = PriceBound(prices, placement=6.0, own=np.array([2.0, np.nan]))
    policy = Policy(np.zeros(ITEMS, bool), np.ones(ITEMS, bool), rest_days=0, price=bound)
    own, other, stranger = codes(bought, policy) == Exclusion.TOO_DEAR
    assert np.flatnonzero(own).tolist() == [3, 4, 5, 6, 7]
    assert np.flatnonzero(other).tolist() == np.flatnonzero(stranger).tolist() == [7]


def test_what_was_shown_often_without_a_click_rests_until_the_showings_are_old(bought: Dataset) -> None:
    shown = [(0, 5, 3, False), (0, 5, 2, False), (0, 5, 1, False), (0, 6, 3, False), (0, 6, 2, True), (0, 6, 1, False)]
    shown += [(1, 5, 2, False), (1, 5, 1, False), (1, 4, 50, False), (1, 4, 49, False), (1, 4, 1, False)]
    people, items, days, clicked = (np.array(column) for column in zip(*shown, strict=True))
    showings = Showings(people, items, NOW - days * DAY, clicked)
    rule = FatigueRule(times=3, days=30)

    def resting(now: float) -> list[list[int]]:
        found = tired(showings, rule, now, bought.shape)
        policy = Policy(np.zeros(ITEMS, bool), np.ones(ITEMS, bool), rest_days=0, tired=found)
        return [np.flatnonzero(row == Exclusion.TIRED).tolist() for row in codes(bought, policy)]

    assert resting(NOW) == [[5], [], []]
    assert resting(NOW + 28 * DAY) == [[], [], []]
    with pytest.raises(ValueError, match="one showing"):
        tired(showings, FatigueRule(times=0), NOW, bought.shape)


def test_why_not_answers_for_the_cells_of_a_list(bought: Dataset) -> None:
    policy = Policy(at(2), np.zeros(ITEMS, bool))
    users = np.array([0, 1])
    why = policy.why_not(bought.history.take(users), users, np.array([[0, 2, 5], [0, -1, 7]]))
    assert why.tolist() == [[Exclusion.OWNED, Exclusion.BLOCKED, 0], [0, 0, Exclusion.OWNED]]


def test_why_not_says_at_every_cell_what_the_codes_of_all_items_say() -> None:
    data = planted(people=60)
    rng = np.random.default_rng(3)
    pairs = rng.random((data.n_users, data.n_items)) < 0.05
    policy = Policy(
        blocked=rng.random(data.n_items) < 0.1,
        repeatable=rng.random(data.n_items) < 0.5,
        rest_days=60.0,
        out_of_stock=rng.random(data.n_items) < 0.5,
        blocked_categories=rng.random(data.n_items) < 0.1,
        price=PriceBound(rng.random(data.n_items), 0.9, own=np.where(np.arange(data.n_users) % 3, 0.5, np.nan)),
        tired=Tired(from_pairs(*np.nonzero(pairs), pairs.shape)),
    )
    users = np.r_[np.arange(0, data.n_users, 2), -1]
    rows = data.history.take(users)
    items = np.tile(np.r_[rng.permutation(data.n_items), -1], (len(users), 1))
    whole = policy.codes(rows, users)
    assert set(np.unique(whole)) == {0, *Exclusion}
    told = policy.why_not(rows, users, items)
    assert (told[:, :-1] == np.take_along_axis(whole, items[:, :-1], axis=1)).all()
    assert not told[:, -1].any()


def test_codes_and_resting_agree_on_what_people_had() -> None:
    data = planted(people=60)
    policy = Policy(np.zeros(data.n_items, bool), np.arange(data.n_items) % 2 == 0, rest_days=40.0)
    users = np.arange(data.n_users)
    assert ((policy.codes(data.history, users) > 0) == policy.resting(data.history)).all()


def test_every_exclusion_is_told_in_both_languages() -> None:
    assert set(TOLD) == set(Exclusion)
    assert told(Exclusion.TIRED, "en") == "Shown several times without a click"
    assert told(Exclusion.TIRED, "zh-hans") == "多次展示未被点击"


@pytest.fixture
def hybrid() -> FittedHybrid:
    return planted_model()


def test_no_list_holds_what_a_rule_excludes(hybrid: FittedHybrid) -> None:
    n = len(hybrid.items)
    users = np.arange(40)
    plain = hybrid.recommend(users, Wish(k=10))
    dear = int(plain.items[0, 1])
    favourite = int(np.bincount(plain.items[plain.items != dear]).argmax())
    showings = Showings(users, np.full(40, favourite), np.full(40, NOW), np.zeros(40, bool))
    resting = tired(showings, FatigueRule(times=1), NOW, (hybrid.history.n_users, n))
    prices = np.where(np.arange(n) == dear, 100.0, 1.0)
    policy = Policy(
        np.zeros(n, bool), np.ones(n, bool), rest_days=0.0, price=PriceBound(prices, placement=10.0), tired=resting
    )
    lists = hybrid.recommend(users, Wish(k=10, policy=policy))
    assert favourite in plain.items
    assert favourite not in lists.items
    assert dear not in lists.items
    assert (lists.items >= 0).all()
    why = policy.why_not(hybrid.history.take(users), users, plain.items)
    assert counted(why) == {
        Exclusion.TOO_DEAR: (plain.items == dear).sum(),
        Exclusion.TIRED: (plain.items == favourite).sum(),
    }


def test_a_boost_lifts_its_items_and_a_factor_of_one_changes_nothing(hybrid: FittedHybrid) -> None:
    users = np.arange(40)
    plain = hybrid.recommend(users, Wish(k=10))
    same = hybrid.recommend(users, Wish(k=10, lift=np.ones(len(hybrid.items), np.float32)))
    np.testing.assert_array_equal(plain.items, same.items)
    lift = np.where(hybrid.categories == 2, np.float32(3), np.float32(1))
    pushed = hybrid.recommend(users, Wish(k=10, lift=lift))
    assert (hybrid.categories[pushed.items] == 2).mean() > (hybrid.categories[plain.items] == 2).mean() + 0.1
