"""How sure a rate is."""

import pytest

from campaigns.planning.intervals import Rate, wilson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    # From statsmodels.stats.proportion.proportion_confint(count, of, method="wilson").
    [(10, 100, 0.055229, 0.174366), (1, 10, 0.017876, 0.404150), (50, 100, 0.403830, 0.596170)],
)
def test_the_interval_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    assert wilson(count, of) == pytest.approx((low, high), abs=2e-5)


def test_nobody_and_everybody_stay_within_bounds() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 20)[0] == 0.0 and 0 < wilson(0, 20)[1] < 0.2
    assert wilson(20, 20)[1] == 1.0 and 0.8 < wilson(20, 20)[0] < 1
    assert Rate(0, 0).value is None


def test_more_than_everybody_is_no_share() -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)
