import numpy as np
import pytest

from recommendations.evaluation import bootstrap


def test_the_interval_holds_the_mean() -> None:
    values = np.random.default_rng(0).random(200)
    low, high = bootstrap.interval(values)
    assert low < values.mean() < high
    assert bootstrap.interval(values[:0]) == (0, 0)


def test_the_interval_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(1).normal(0, 2, 400)
    low, high = bootstrap.interval(values)
    assert high - low == pytest.approx(2 * 1.96 * 2 / 20, rel=0.1)


def test_pairs_show_a_gain_that_two_intervals_hide() -> None:
    rng = np.random.default_rng(0)
    theirs = rng.random(300)
    ours = theirs + 0.01 + rng.normal(0, 0.02, 300)
    found = bootstrap.difference(ours, theirs)
    assert found.low < found.value < found.high
    assert found.sure and found.better > 0.99
    assert bootstrap.interval(ours)[0] < bootstrap.interval(theirs)[1]
    assert not bootstrap.difference(theirs, theirs).sure


def test_pairs_need_the_same_people() -> None:
    with pytest.raises(ValueError, match="same people"):
        bootstrap.difference(np.zeros(2), np.zeros(3))


def test_answers_of_one_person_are_no_independent_evidence() -> None:
    rng = np.random.default_rng(0)
    errors = np.repeat(rng.normal(0, 1, 50), 20)
    (low, high), (mae_low, mae_high) = bootstrap.error_intervals(errors, np.repeat(np.arange(50), 20))
    (tight_low, tight_high), _ = bootstrap.error_intervals(errors, np.arange(1000))
    assert low < np.sqrt(np.mean(errors**2)) < high
    assert mae_low < np.abs(errors).mean() < mae_high
    assert high - low > 3 * (tight_high - tight_low)
