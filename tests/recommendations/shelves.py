"""A live version, products and lists written by hand, for tests that need no training."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from crm.catalog.models import Product
from crm.customers.models import Customer
from crm.interactions import partitions
from crm.interactions.models import Interaction
from recommendations.models import Favourites, ModelVersion, Neighbours, Recommendation

LEARNER = {
    "people": 40, "ndcg10": 0.3, "low": 0.25, "high": 0.35, "recall10": 0.4, "hit10": 0.5, "coverage10": 0.6,
    "novelty10": 3.0, "buckets": {"cold": {"people": 5, "ndcg10": 0.1}, "hot": {"people": 35, "ndcg10": 0.4}},
}  # fmt: skip


def version(verdict: str = "live", **fields: Any) -> ModelVersion:
    """Write a version with figures, as a training would have."""
    return ModelVersion.objects.create(
        state="done",
        verdict=verdict,
        reason="better_than_popularity: NDCG@10 0.3000 (0.2500 to 0.3500); popularity 0.1000",
        promoted_at=timezone.now(),
        recipe={"again": None, "fresh": {"weights": {"hot": {"ease": 0.7, "content": 0.2, "popular": 0.0}}}},
        metrics={
            "learners": {"hybrid": LEARNER, "popular": {**LEARNER, "ndcg10": 0.1, "low": 0.05, "high": 0.15}},
            "window": "time 0.80",
            "reports": [],
        },
        **{"people": 40, "products": 6, "interactions": 900, **fields},
    )


def products(count: int = 6) -> list[Product]:
    """Write so many products."""
    return Product.objects.bulk_create(
        Product(
            sku=f"P-{number}",
            name=f"Thing {number}",
            department="Home",
            price="5.00",
            translations={"zh-hans": {"name": f"物品{number}"}},
        )
        for number in range(count)
    )


def shelf(customer: Customer, shown: list[Product], by: ModelVersion, *, personal: bool = True) -> Recommendation:
    """Write the list of one customer; the first product because of the last."""
    reasons: list[dict[str, Any]] = [{"code": "popular", "shares": {"popular": 1.0}} for _ in shown]
    reasons[0] = {"code": "because_you_bought", "product": shown[-1].pk, "shares": {"because_you_bought": 0.9}}
    return Recommendation.objects.create(
        customer=customer,
        product_ids=[one.pk for one in shown],
        scores=[1.0 - at / 10 for at in range(len(shown))],
        reasons=reasons,
        personal=personal,
        version=by,
        made_at=timezone.now(),
    )


def favourites(scope: str, shown: list[Product], by: ModelVersion) -> Favourites:
    """Write the favourites of everybody (`all`) or of a segment (`segment:<id>`)."""
    return Favourites.objects.create(
        scope=scope, product_ids=[one.pk for one in shown], version=by, made_at=timezone.now()
    )


def neighbours(
    product: Product, near: list[Product], by: ModelVersion, kind: str = "similar", support: int = 12
) -> Neighbours:
    """Write what stands beside a product, best first: likeness 0.9, 0.8 and so on."""
    return Neighbours.objects.create(
        product=product,
        kind=kind,
        product_ids=[one.pk for one in near],
        scores=[round(0.9 - at / 10, 1) for at in range(len(near))],
        support=[support - at for at in range(len(near))],
        version=by,
        made_at=timezone.now(),
    )


def act(customer: Customer, product: Product, kind: str = "view", ago: timedelta = timedelta(0)) -> None:
    """Let somebody do something with a product a while ago."""
    at = timezone.now() - ago
    partitions.ensure([at.date()])
    Interaction.objects.create(
        customer=customer, kind=kind, product=product, occurred_at=at, source="test", message_id=str(uuid.uuid4())
    )
