"""Every feature's SQL against plain Python, on a small history made by hand."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lib.engine import DuckEngine
from segmentation.portraits.features import FEATURES, Type
from segmentation.portraits.sketch import sketch
from segmentation.portraits.statement import PEOPLE_A_SLICE, slices
from tests.segmentation import releases
from tests.segmentation.portraits import oracle
from tests.segmentation.releases import act, person

CUT = datetime(2026, 6, 30, 12)  # noqa: DTZ001 - releases hold naive times in UTC
PRODUCTS = [
    {"product_id": 1, "sku": "a", "department": "Tea", "brand": "Leaf", "price": 4.0},
    {"product_id": 2, "sku": "b", "department": "Tea", "brand": "Leaf", "price": 9.0},
    {"product_id": 3, "sku": "c", "department": "Tea", "brand": "", "price": None},
    {"product_id": 4, "sku": "d", "department": "Books", "brand": "Page", "price": 20.0},
    {"product_id": 5, "sku": "e", "department": "", "brand": "", "price": 3.0},
]
ZONES = {1: "Asia/Shanghai", 2: "", 3: "Mars/Olympus", 4: "Europe/Berlin", 5: "UTC"}


def quiet(done: int, total: int, doing: str) -> None:
    """Report to nobody."""


def days(number: float) -> datetime:
    """Return the moment that many days before the cut."""
    return CUT - timedelta(days=number)


def ada() -> list[dict[str, Any]]:
    """A regular: several orders of several lines, evenings in Shanghai, mail opened twice."""
    order = {"value": 8.0, "channel": "web"}
    return [
        act(1, "order", days(400.1), product_id=1, order_ref="o1", **order),
        act(1, "order", days(150), product_id=2, order_ref="o2", value=9.0, channel="web"),
        act(1, "order", days(150), product_id=1, order_ref="o2", **order),
        act(1, "order", days(20.25), product_id=1, order_ref="o3", **order),
        act(1, "order", days(20.25), product_id=4, order_ref="o3", value=20.0, channel="store"),
        act(1, "order", days(6.25), product_id=3, order_ref="o4", value=None, channel=""),
        act(1, "view", days(3), product_id=4),
        act(1, "view", days(31), product_id=4),
        act(1, "cart", days(2), product_id=5),
        act(1, "return", days(1), product_id=1, value=-8.0),
        act(1, "email_sent", days(10), delivery_ref="d1"),
        act(1, "email_open", days(10), delivery_ref="d1"),
        act(1, "email_open", days(9), delivery_ref="d1"),
        act(1, "email_click", days(9), delivery_ref="d1", product_id=2),
        act(1, "coupon", days(9)),
        act(1, "order", CUT + timedelta(hours=1), product_id=1, order_ref="later", value=1000.0, channel="web"),
    ]


def others() -> list[dict[str, Any]]:
    """Somebody with orders but no order ids, somebody who only looked, somebody with one order long ago."""
    return [
        act(2, "order", days(40), product_id=2, value=9.0, channel="app"),
        act(2, "order", days(33), product_id=2, value=9.5, channel="app"),
        act(2, "order", days(100), product_id=99, value=5.25, channel="app"),
        act(3, "view", days(1), product_id=1),
        act(3, "rating", days(1), product_id=4, value=5.0),
        act(4, "order", days(700), product_id=4, order_ref="x", value=20.0, channel="store"),
    ]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the sketched portraits by pseudonym."""
    folder = tmp_path_factory.mktemp("release") / "1"
    people = [{"person": person(number), "timezone": zone} for number, zone in ZONES.items()]
    releases.write(folder, acts=ada() + others(), people=people, products=PRODUCTS)
    with DuckEngine(folder / "spill", memory_mb=512, threads=1) as engine:
        batches = list(sketch(engine, folder, CUT.replace(tzinfo=UTC), quiet))
    return {row["person"]: row for batch in batches for row in batch.to_pylist()}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
@pytest.mark.parametrize("who", list(ZONES))
def test_every_feature_says_what_plain_python_says(rows: dict[str, dict[str, Any]], feature: Any, who: int) -> None:
    acts = [row for row in ada() + others() if row["person"] == person(who)]
    zone = ZONES[who] if ZONES[who] in {"Asia/Shanghai", "Europe/Berlin"} else "UTC"
    expected = oracle.portrait(acts, PRODUCTS, CUT, zone)[feature.name]
    found = rows[person(who)][feature.name]
    if feature.type is Type.VECTOR:
        assert json.loads(found) == pytest.approx(expected, abs=1e-4)
    elif isinstance(expected, float):
        assert float(found) == pytest.approx(expected, abs=0.005 if feature.type is Type.MONEY else 1e-9)
    else:
        assert found == expected


def test_scores_rank_buyers_only_and_equal_people_equally(rows: dict[str, dict[str, Any]]) -> None:
    scores = {number: rows[person(number)] for number in ZONES}
    assert [scores[n]["recency_score"] for n in (1, 2, 4)] == [5, 3, 1]
    assert [scores[n]["monetary_score"] for n in (1, 2, 4)] == [5, 3, 1]
    assert all(scores[n][name] is None for n in (3, 5) for name in ("recency_score", "frequency_score"))


def test_a_release_without_interactions_still_has_its_people(tmp_path: Path) -> None:
    folder = releases.write(tmp_path / "2", acts=[], people=[{"person": person(7)}], products=[])
    with DuckEngine(tmp_path, memory_mb=512, threads=1) as engine:
        [batch] = list(sketch(engine, folder, CUT.replace(tzinfo=UTC), quiet))
    [row] = batch.to_pylist()
    assert (row["person"], row["orders"], row["revenue"], row["last_order_at"]) == (person(7), 0, 0, None)


@pytest.mark.parametrize("people", [0, 10, 100_000, 2_000_000])
def test_slices_hold_every_pseudonym_exactly_once(people: int) -> None:
    parts = slices(people)
    for number in (0, 1, 2**64, 2**127, 2**128 - 1):
        assert sum(first <= person(number) < end for first, end in parts) == 1
    assert people / len(parts) <= PEOPLE_A_SLICE
