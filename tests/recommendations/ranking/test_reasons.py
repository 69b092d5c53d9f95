"""Reasons say what holds, name nobody, and are silent about what people would not want named."""

import numpy as np
import pandas as pd
import pytest

from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY
from recommendations.dataset.load import load_frames
from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import FittedHybrid, Wish
from recommendations.ranking import reasons
from recommendations.ranking.grounds import Grounds, category_shares, grounds_of
from recommendations.ranking.policy import K_SUPPORT
from recommendations.ranking.reasons import ListReason, ReasonEvidence
from recommendations.ranking.sensitive import is_sensitive
from recommendations.ranking.together import baskets

STORED = {
    "BECAUSE": 1, "PEOPLE": 2, "NOW": 3, "POPULAR": 4, "GROUP": 5, "CATEGORY": 6, "RESTOCK": 7, "DISCOVER": 8,
}  # fmt: skip


def told(shares: dict[ListReason, float], **facts: object) -> ListReason:
    """The reason of a single cell."""
    row = np.zeros((1, 1, max(ListReason) + 1), np.float32)
    for reason, share in shares.items():
        row[..., reason] = share
    given = {"source": -1, "buyers": 50, "seen": False, **facts}
    cells = {name: np.array([[value]]) for name, value in given.items()}
    return ListReason(int(reasons.choose(ReasonEvidence(row, **cells))[0, 0]))


def orders(pairs: list[tuple[str, str, int]]) -> Dataset:
    return load_frames(
        pd.DataFrame([(user, item, day * DAY) for user, item, day in pairs], columns=["user", "item", "timestamp"])
    )


def test_numbers_that_are_stored_never_change() -> None:
    assert {reason.name: int(reason) for reason in ListReason if reason.name in STORED} == STORED
    assert {reason: reasons.SENTENCES[reason] for reason in ListReason}


def test_often_bought_together_takes_the_place_of_because_where_one_basket_is_the_truth() -> None:
    mostly = {ListReason.BECAUSE: 0.6, ListReason.NOW: 0.4}
    assert told(mostly, source=3) is ListReason.BECAUSE
    assert told(mostly, source=3, together=4, often=0.5) is ListReason.TOGETHER
    assert told(mostly, source=3, together=4, often=0.1) is ListReason.BECAUSE
    assert told(mostly, source=3, together=-1, often=0.0) is ListReason.BECAUSE
    assert reasons.code(ListReason.TOGETHER, "x") == "bought_together:x"


def test_new_is_told_of_new_things_in_a_category_that_is_liked() -> None:
    mostly = {ListReason.CATEGORY: 0.4, ListReason.NOW: 0.3, ListReason.PEOPLE: 0.2}
    assert told(mostly, new=True, liked=0.3) is ListReason.NEW
    assert told(mostly, new=True, liked=0.1) is ListReason.CATEGORY
    assert told(mostly, new=False, liked=0.3) is ListReason.CATEGORY
    assert told(mostly, new=True, liked=0.3, seen=True) is ListReason.CATEGORY


@pytest.mark.parametrize("reason", sorted(set(ListReason) - set(reasons.NEUTRAL)))
def test_beside_a_sensitive_item_only_neutral_sentences_stand(reason: ListReason) -> None:
    cell = told(
        {reason: 0.9, ListReason.POPULAR: 0.1},
        source=1, together=1, often=0.9, seen=True, new=True, liked=1.0, sensitive=True,
    )  # fmt: skip
    assert cell is ListReason.POPULAR


@pytest.mark.parametrize(
    "text",
    [
        "Home > Health & Beauty",
        "MEDICATIONS",
        "Books > Religion",
        "trade union",
        "Adult_toys",
        "保健品",
        "成人用品",
        "圣经故事",
    ],
)
def test_sensitive_words_are_found_in_both_languages(text: str) -> None:
    assert is_sensitive(text)


@pytest.mark.parametrize("text", ["Tea > Green", "Sussex pottery", "trunion", "绿茶", "厨房用品", ""])
def test_harmless_words_are_left_alone(text: str) -> None:
    assert not is_sensitive(text)


def test_a_pair_counts_people_not_baskets_and_needs_enough_of_them() -> None:
    often = [(f"u{n}", item, 10) for n in range(K_SUPPORT) for item in ("tea", "cup")]
    lonely = [("v", item, day) for day in range(K_SUPPORT) for item in ("tea", "spoon")]
    apart = [(f"w{n}", item, day) for n in range(K_SUPPORT) for day, item in enumerate(("tea", "wine"))]
    data = orders([*often, *lonely, *apart])
    found = baskets(data).pairs.tocoo()
    pairs = {(data.items[i], data.items[j]): int(n) for i, j, n in zip(found.row, found.col, found.data, strict=True)}
    assert pairs == {("tea", "cup"): K_SUPPORT, ("cup", "tea"): K_SUPPORT}
    tea, cup = data.items.get_loc("tea"), data.items.get_loc("cup")
    # w0 has tea alone: the cup is told with it
    person = data.users.get_loc("w0")
    source, people = baskets(data).sources(data.history.take(np.array([person])), np.array([[cup, tea, -1]]))
    assert (source.tolist(), people.tolist()) == ([[tea, -1, -1]], [[K_SUPPORT, 0, 0]])


def test_without_times_there_are_no_baskets_and_nothing_is_new() -> None:
    data = load_frames(pd.DataFrame({"user": ["a", "a"], "item": ["x", "y"]}))
    grounds = grounds_of(data)
    assert grounds.baskets.pairs.nnz == 0
    assert not grounds.new(data.history.now).any()


def test_an_item_is_new_for_a_month_in_a_shop_that_is_older() -> None:
    data = orders([("a", "old", 0), ("a", "new", 95), ("b", "older", 10), ("b", "old", 100)])
    grounds = grounds_of(data)
    assert data.items[grounds.new(100 * DAY)].tolist() == ["new"]
    assert not grounds.new(126 * DAY).any()
    assert not grounds_of(orders([("a", "x", 0), ("a", "y", 50)])).new(50 * DAY).any()
    arrays, values = grounds.artifacts()
    back = Grounds.from_artifacts(arrays, values)
    assert (back.new(100 * DAY) == grounds.new(100 * DAY)).all()
    assert (back.baskets.pairs != grounds.baskets.pairs).nnz == 0


def test_the_share_of_a_category_is_that_of_the_persons_distinct_items() -> None:
    data = orders([("a", "x", 0), ("a", "x", 1), ("a", "y", 2), ("a", "z", 3), ("b", "z", 3)])
    categories = np.array([0, 0, 1])[[["x", "y", "z"].index(name) for name in data.items]]
    ask = data.items.get_indexer(pd.Index(["x", "z"]))
    shares = category_shares(data.history, categories, np.array([[*ask, -1], [*ask, -1]]))
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3, 0], [0, 1, 0]], atol=1e-6)


@pytest.fixture(scope="module")
def pharmacy() -> FittedHybrid:
    """Everybody buys pads with plasters in one basket; some buy pens with ink."""
    rng = np.random.default_rng(2)
    rows = []
    for person in range(120):
        goods = ("pads", "plasters", "drops") if person % 2 else ("pens", "ink", "paper")
        rows += [(f"u{person}", goods[at], int(rng.integers(1, 9)) * DAY) for at in range(3) if person % 3 != at]
        rows += [(f"u{person}", f"thing{rng.integers(8)}", int(rng.integers(1, 200)) * DAY) for _ in range(4)]
    items = [{"item": name, "category": "Pharmacy", "name": name} for name in ("pads", "plasters", "drops")]
    items += [{"item": name, "category": "Office", "name": name} for name in ("pens", "ink", "paper")]
    return fit_hybrid(load_frames(pd.DataFrame(rows, columns=["user", "item", "timestamp"]), pd.DataFrame(items)))


def test_no_list_links_a_person_to_a_sensitive_item(pharmacy: FittedHybrid) -> None:
    lists = pharmacy.recommend(np.arange(120), Wish(k=10))
    beside = pharmacy.grounds.sensitive[lists.items]
    assert beside.any()
    assert set(lists.reasons[beside].tolist()) <= {int(one) for one in reasons.NEUTRAL}
    named = lists.sources[lists.sources >= 0]
    assert len(named)
    assert not pharmacy.grounds.sensitive[named].any()
