"""The sentence says what the portrait says."""

from datetime import timedelta
from typing import Any

import pytest

from segmentation.portraits.features import FEATURES
from segmentation.portraits.groups import GROUPS
from segmentation.portraits.models import Portrait
from segmentation.portraits.summary import summary
from tests.segmentation.people import NOW

REGULAR = {"orders": 12, "revenue": 1234.4, "top_department": "Tea", "typical_gap_days": 20.0}


@pytest.mark.parametrize(
    ("features", "days", "said"),
    [
        (
            REGULAR, 10,
            "12 orders worth EUR 1,234, mostly Tea, the last 10 days ago; orders usually come every 20 days.",
        ),
        (REGULAR, 60, "orders usually come every 20 days, so the next one is overdue."),
        ({**REGULAR, "revenue": 4134.98}, 0, "12 orders worth EUR 4,135, mostly Tea, the last today"),
        ({"orders": 1, "revenue": 5}, 1, "1 order worth EUR 5, the last 1 day ago; no rhythm can be seen yet."),
    ],
)  # fmt: skip
def test_a_buyer_is_summed_up_by_orders_interest_and_rhythm(features: dict[str, Any], days: int, said: str) -> None:
    portrait = Portrait(last_order_at=NOW - timedelta(days=days), **features)
    assert said in summary(portrait, now=NOW)


def test_somebody_without_orders_is_not_guessed_at() -> None:
    assert summary(Portrait(orders=0), now=NOW) == "No orders yet."
    assert "1 product viewed" in summary(Portrait(orders=0, views_30d=1), now=NOW)


def test_every_feature_is_in_exactly_one_group() -> None:
    grouped = [name for _label, names in GROUPS for name in names]
    assert sorted(grouped) == sorted(feature.name for feature in FEATURES)
