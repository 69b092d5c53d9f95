"""The declared blend of the stored list and the session, number by number."""

from math import log2

import pytest

from recommendations.serving.session import (
    HALF_LIFE,
    PRIOR,
    STRONGEST,
    SessionEvent,
    Stored,
    blend,
    done_with,
    strength,
)

POPULAR = {"code": "popular", "shares": {"popular": 1.0}}
LIST = Stored([1, 2, 3], [POPULAR] * 3)


def order(found: list) -> list[int]:  # type: ignore[type-arg]
    return [one.product_id for one in found]


def test_without_acts_the_stored_list_stays_as_it_is() -> None:
    found = blend(LIST, [], {})
    assert order(found) == [1, 2, 3]
    assert [one.score for one in found] == [1 / log2(2), 1 / log2(3), 1 / log2(4)]
    assert [one.reason for one in found] == [POPULAR] * 3


def test_the_formula_is_the_one_that_is_declared() -> None:
    acts = [SessionEvent(7, "view", 0.0), SessionEvent(8, "cart", 2 * HALF_LIFE)]
    beside = {7: [(3, 0.5), (9, 0.4)], 8: [(9, 0.2)]}
    mass = 0.15 + 0.4 / 4
    share = mass / (mass + PRIOR)
    assert strength(acts) == pytest.approx(share)
    assert 0.15 * 0.4 + 0.1 * 0.2 > 0.15 * 0.5
    scores = {one.product_id: one.score for one in blend(LIST, acts, beside)}
    assert scores == {
        1: pytest.approx((1 - share) / log2(2)),
        2: pytest.approx((1 - share) / log2(3)),
        3: pytest.approx((1 - share) / log2(4) + share / log2(3)),
        9: pytest.approx(share / log2(2)),
    }


def test_a_neighbour_names_the_act_it_owes_most_to_and_how_much() -> None:
    acts = [SessionEvent(7, "view", 0.0), SessionEvent(8, "order", 0.0)]
    found = {one.product_id: one.reason for one in blend(LIST, acts, {7: [(9, 0.9)], 8: [(10, 0.9), (9, 0.1)]})}
    assert found[10] == {"code": "because_you_bought", "product": 8, "shares": {"because_you_bought": 1.0}}
    assert (found[9]["code"], found[9]["product"]) == ("because_you_viewed", 7)
    assert found[1] == POPULAR


def test_a_product_of_both_is_told_by_the_larger_part_and_shares_sum_to_one() -> None:
    acts = [SessionEvent(7, "order", 0.0)]
    found = {one.product_id: one.reason for one in blend(LIST, acts, {7: [(1, 0.1), (3, 0.9)]})}
    assert found[3]["code"] == "because_you_bought"
    assert found[1]["code"] == "popular"
    for reason in found.values():
        assert sum(reason["shares"].values()) == pytest.approx(1, abs=0.002)


def test_old_acts_and_acts_without_taste_change_little_or_nothing() -> None:
    assert strength([SessionEvent(7, "view", 23 * 3600.0)]) < 1e-6
    assert (
        strength([SessionEvent(7, "return", 0.0), SessionEvent(7, "search", 0.0), SessionEvent(7, "unheard of", 0.0)])
        == 0
    )
    assert order(blend(LIST, [SessionEvent(7, "return", 0.0)], {7: [(9, 1.0)]})) == [1, 2, 3]


def test_a_session_never_takes_the_list_over_however_alike_its_products_are() -> None:
    acts = [SessionEvent(7, "order", 0.0)] * 20
    assert strength(acts) == STRONGEST
    stored = Stored(list(range(100, 120)), [POPULAR] * 20)
    first = order(blend(stored, acts, {7: [(product, 0.9) for product in range(200, 250)]}))[:10]
    assert first == [100, 200, 101, 201, 102, 202, 103, 203, 104, 204]


def test_what_was_just_bought_or_put_in_the_basket_is_done_with() -> None:
    acts = [
        SessionEvent(1, "view", 0.0),
        SessionEvent(2, "cart", 0.0),
        SessionEvent(3, "order", 0.0),
        SessionEvent(4, "return", 0.0),
    ]
    assert done_with(acts) == {2, 3, 4}
