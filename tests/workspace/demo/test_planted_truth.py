"""What was planted in the demo shop is found: by portraits, by clusters, by recommendations."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone
from sklearn.metrics import adjusted_rand_score

from crm.models import Product
from recommendations.models import Favourites, ModelVersion, Recommendation
from segmentation.models import Membership, Portrait, Segment
from tests.workspace.demo import shop
from tests.workspace.demo.shop import Truth
from workspace.circle import walk as circle
from workspace.demo import load

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
THREE = ("lapsed", "regular", "weekend bargain hunter")
SHOWN = 10


@pytest.fixture(scope="module", autouse=True)
def truth(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Truth]:
    """Load the shop and walk it round the circle, once for all tests of this file."""
    folder = tmp_path_factory.mktemp("demo")
    places = {name: folder / name.lower() for name in ("RELEASE_DIR", "MODEL_DIR", "IMPORT_DIR")}
    with django_db_blocker.unblock(), override_settings(**places):
        yesterday = timezone.now().date() - timedelta(days=1)
        try:
            load.load(shop.SIZE, circle.silent("demo"))
            assert not circle.walk().busy
            yield shop.truth(yesterday.weekday())
        finally:
            for database in ("default", "keystore"):
                call_command("flush", database=database, interactive=False, verbosity=0)


@pytest.fixture
def own_folders(tmp_path: Path) -> None:
    """Keep the folders of this file."""


def portraits() -> dict[int, Portrait]:
    numbers = shop.numbers()
    return {numbers[portrait.pk]: portrait for portrait in Portrait.objects.all()}


def test_exactly_those_who_allow_profiling_have_a_portrait(truth: Truth) -> None:
    allowed = {number for number in range(shop.SIZE.customers) if truth.allows(number, "profiling")}
    assert 300 < len(allowed) < 600
    assert set(portraits()) == allowed


def test_portraits_count_what_was_planted(truth: Truth) -> None:
    orders, revenue, favourites = truth.orders(), truth.revenue(), truth.favourites()
    for number, portrait in portraits().items():
        assert portrait.orders == orders[number]
        assert portrait.revenue == revenue[number]
        assert portrait.top_department in favourites[number]


def clusters(numbers: dict[int, int]) -> dict[int, int]:
    """Return number → segment of the cluster."""
    inside = Membership.objects.current().filter(segment__kind=Segment.Kind.CLUSTER)
    return {numbers[customer]: segment for customer, segment in inside.values_list("customer", "segment")}


def test_clusters_tell_lapsed_from_regular_from_weekend_bargain_hunters(truth: Truth) -> None:
    found = clusters(shop.numbers())
    assert set(found) == set(portraits())
    three = [number for number in found if truth.habit(number) in THREE]
    by_cluster: dict[int, Counter[str]] = {}
    for number in three:
        by_cluster.setdefault(found[number], Counter())[truth.habit(number)] += 1
    purity = sum(max(habits.values()) for habits in by_cluster.values()) / len(three)
    assert purity >= 0.9
    # Each of the three is the majority somewhere.
    assert {habits.most_common(1)[0][0] for habits in by_cluster.values()} == set(THREE)
    # All six habits, those that differ only in a few things included (1 would be the same groups, 0 chance).
    assert adjusted_rand_score([truth.habit(number) for number in found], list(found.values())) >= 0.45


def share_in_taste(truth: Truth, lists: dict[int, list[int]]) -> float:
    """Return the mean share of the products shown that come from a department the customer was given a taste for."""
    departments = dict(Product.objects.values_list("pk", "department"))
    shares = [
        np.mean([departments[product] in truth.tastes(number) for product in products[:SHOWN]])
        for number, products in lists.items()
    ]
    return float(np.mean(shares))


def test_recommendations_meet_the_planted_tastes_far_above_popularity(truth: Truth) -> None:
    assert ModelVersion.objects.get().verdict == ModelVersion.Verdict.LIVE, ModelVersion.objects.get().reason
    numbers = shop.numbers()
    personal = Recommendation.objects.filter(personal=True).values_list("customer", "product_ids")
    lists = {numbers[customer]: products for customer, products in personal}
    assert len(lists) > shop.SIZE.customers / 2
    everybody = Favourites.objects.get(scope="all").product_ids
    popular = share_in_taste(truth, dict.fromkeys(lists, everybody))
    learned = share_in_taste(truth, lists)
    assert learned >= 0.7
    assert learned >= 2 * popular
