"""The stage of a customer follows from the scores, and is not guessed without them."""

from typing import Any

import pytest

from segmentation.models import Portrait
from workspace.customer import stage


def portrait(orders: int | None, *scores: int | None) -> Any:
    names = ("recency_score", "frequency_score", "monetary_score")
    return Portrait(orders=orders, **dict(zip(names, scores, strict=False)))


@pytest.mark.parametrize(
    ("orders", "scores", "expected"),
    [
        (9, (5, 5, 5), stage.BEST),
        (9, (5, 5, 2), stage.LOYAL),
        (9, (3, 3, 3), stage.LOYAL),
        (2, (3, 2, 2), stage.REGULAR),
        (2, (5, 2, 5), stage.REGULAR),
        (1, (5, 1, 1), stage.NEW),
        (9, (2, 4, 5), stage.SLIPPING),
        (1, (1, 1, 1), stage.DORMANT),
        (0, (None, None, None), stage.NO_ORDERS),
        (None, (None, None, None), stage.NO_ORDERS),
    ],
)
def test_scores_make_the_stage(
    orders: int | None, scores: tuple[int | None, ...], expected: stage.LifecycleStage
) -> None:
    assert stage.stage_of(portrait(orders, *scores)) is expected


def test_without_a_portrait_there_is_no_stage() -> None:
    assert stage.stage_of(None) is None


def test_every_pair_of_scores_has_a_stage() -> None:
    for recency in range(1, 6):
        for frequency in range(1, 6):
            assert stage.stage_of(portrait(3, recency, frequency, 3)) in {
                stage.BEST, stage.LOYAL, stage.REGULAR, stage.SLIPPING, stage.DORMANT,
            }  # fmt: skip
