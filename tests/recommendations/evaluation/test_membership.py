"""The attack finds a recommender that learns people by heart and clears one that does not."""

import numpy as np
import pytest
import scipy.sparse as sp

from recommendations.dataset.arrays import Csr, Ints
from recommendations.evaluation.membership import (
    COMBINED,
    SIGNALS,
    Knowledge,
    MembershipAttack,
    Seen,
    attack,
    auc,
    signals,
)

PEOPLE, ITEMS, PLACES = 200, 120, 20


def knowledge(seed: int = 0) -> tuple[Knowledge, Ints]:
    """Two tastes of half the catalogue each; everybody has ten things of theirs."""
    rng = np.random.default_rng(seed)
    taste = rng.integers(0, 2, PEOPLE)
    past = np.zeros((PEOPLE, ITEMS), np.float32)
    for person in range(PEOPLE):
        past[person, rng.choice(ITEMS // 2, 10, replace=False) + taste[person] * ITEMS // 2] = 1
    side = np.arange(ITEMS) >= ITEMS // 2
    alike = (side[:, None] == side[None, :]).astype(np.float32) - np.eye(ITEMS, dtype=np.float32)
    buyers: Ints = past.sum(axis=0).astype(np.int64)
    known: Csr = sp.csr_matrix(past)
    return Knowledge(known, sp.csr_matrix(alike), buyers, side.astype(np.int64)), taste


def lists(taste: Ints, seed: int) -> Seen:
    """Things of each one's taste, whoever it is."""
    rng = np.random.default_rng(seed)
    drawn = np.stack([rng.choice(ITEMS // 2, PLACES, replace=False) + one * ITEMS // 2 for one in taste])
    return Seen(drawn, -np.sort(-rng.normal(0, 1, drawn.shape), axis=1))


def by_heart(seen: Seen, known: Knowledge) -> Seen:
    """The same lists with the person's own things put first."""
    items = seen.items.copy()
    for person in range(PEOPLE):
        own = known.past[person].indices[:8]
        rest = [item for item in items[person] if item not in own]
        items[person] = np.r_[own, rest][:PLACES]
    return Seen(items, seen.scores)


def test_a_planted_memoriser_is_found() -> None:
    known, taste = knowledge()
    inside = signals(by_heart(lists(taste, 1), known), known)
    found = attack(inside, signals(lists(taste, 2), known))
    assert found.auc > 0.9
    assert found.low > 0.9
    assert found.caught > 0.5
    assert not found.within()
    assert set(found.aucs) == {*SIGNALS, COMBINED}


def test_lists_that_follow_taste_alone_give_nobody_away() -> None:
    known, taste = knowledge()
    found = attack(signals(lists(taste, 1), known), signals(lists(taste, 2), known))
    assert found.within()
    assert found.auc < 0.58
    assert found.low <= found.auc <= found.high


def test_own_things_in_both_lists_are_no_leak() -> None:
    known, taste = knowledge()
    both = [signals(by_heart(lists(taste, seed), known), known) for seed in (1, 2)]
    assert attack(*both).within()


def test_certain_scores_alone_are_found() -> None:
    known, taste = knowledge()
    seen = lists(taste, 1)
    inside = signals(Seen(seen.items, seen.scores + 3), known)
    found = attack(inside, signals(lists(taste, 2), known))
    assert found.aucs["sure"] > 0.9


def test_a_sign_turned_round_is_found_by_all_signals_at_once() -> None:
    known, taste = knowledge()
    seen = lists(taste, 1)
    found = attack(signals(Seen(seen.items, seen.scores - 3), known), signals(lists(taste, 2), known))
    assert found.aucs["sure"] < 0.1
    assert (found.attack, found.auc > 0.9) == (COMBINED, True)


def test_short_and_empty_lists_say_nothing_and_are_no_error() -> None:
    known, taste = knowledge()
    seen = lists(taste, 1)
    seen.items[:50, 5:] = -1
    seen.scores[:50, 5:] = np.nan
    seen.items[50:60], seen.scores[50:60] = -1, np.nan
    found = signals(seen, known)
    assert set(found) == set(SIGNALS)
    assert all(np.isfinite(values).all() and len(values) == PEOPLE for values in found.values())
    assert all((values[50:60] == 0).all() for values in found.values())


def test_auc_counts_pairs_and_half_of_ties() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 6, 40).astype(float), rng.integers(0, 5, 30).astype(float)
    by_hand = np.mean([1.0 if x > y else 0.5 if x == y else 0.0 for x in a for y in b])
    assert auc(a, b) == pytest.approx(by_hand)
    assert auc(np.ones(3), np.zeros(4)) == 1


def test_unequal_people_are_refused_and_values_come_back() -> None:
    known, taste = knowledge()
    one = signals(lists(taste, 1), known)
    with pytest.raises(ValueError, match="same people"):
        attack(one, {name: values[:-1] for name, values in one.items()})
    found = attack(one, signals(lists(taste, 2), known))
    assert MembershipAttack.from_values(found.as_values()) == found
