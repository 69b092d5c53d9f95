"""Let a model serve: everybody's list, the favourites and the neighbours, from arrays into the database."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db import transaction

from crm.access.models import User
from crm.catalog.models import Product
from crm.privacy import gate
from crm.privacy.models import Release
from lib.progress import Progress
from recommendations.pipeline.favourites import Stock, favourites
from recommendations.pipeline.fitted import FittedHybrid, Lists, Wish
from recommendations.pipeline.neighbours import neighbours
from recommendations.pipeline.released import Released
from recommendations.ranking.policy import Policy
from recommendations.ranking.reasons import SENTENCES, ListReason
from recommendations.registry import promote
from recommendations.registry.models import ModelVersion
from recommendations.serving import publish
from recommendations.serving.neighbours import store_neighbours

LIST_LENGTH = 20
PEOPLE_AT_ONCE = 20_000
DIVERSITY = 0.1
"""A light touch: of two nearly equal products the one from another category comes first."""


def stock_of(released: Released) -> Stock:
    """The products of a release and the shop's rules about them."""
    return Stock(released.product_ids, released.policy)


def stock_today(fitted: FittedHybrid) -> Stock:
    """The products a model knows, with the rules that hold today."""
    ids = fitted.items.astype(np.int64).to_numpy()
    showable = set(Product.objects.recommendable().values_list("pk", flat=True))
    again = set(Product.objects.filter(repeatable=True).values_list("pk", flat=True))
    repeatable = np.array([pk in again for pk in ids.tolist()], bool)
    if fitted.again is not None and not repeatable.any():
        repeatable = np.ones(len(ids), bool)
    return Stock(
        ids, Policy(blocked=np.array([pk not in showable for pk in ids.tolist()], bool), repeatable=repeatable)
    )


def departments_of(stock: Stock) -> list[str]:
    """The department of each item as the catalogue has it today, empty for none."""
    names = dict(Product.objects.values_list("pk", "department"))
    return [names.get(pk, "") for pk in stock.product_ids.tolist()]


def serve(
    *,
    version: ModelVersion,
    release: Release,
    stock: Stock,
    fitted: FittedHybrid,
    tell: Progress,
    by: User | None = None,
) -> None:
    """Let a version serve: lists, favourites, neighbours and the verdict change at one moment, or not at all.

    `by` is who asked for it, None for a night's own work.

    Consent is asked for again where pseudonyms become customers. Raises promote.NotPassed for a version that the gate
    has not passed, Cancelled when `tell` does.
    """
    customers = gate.attach(release, [str(person) for person in fitted.users])
    popular = favourites(fitted, stock, publish.members_by_segment(customers), departments_of(stock))
    near = list(neighbours(fitted, stock.product_ids))
    try:
        drafted = publish.draft(_shelves(stock, fitted, customers, tell))
        tell(drafted, drafted, "publishing lists")
        with transaction.atomic():
            publish.publish(version=version)
            publish.store_favourites(version=version, favourites=popular)
            store_neighbours(version=version, rows=near)
            promote.promote(version=version, by=by)
            # Once more: a worker that was given up meanwhile must not change what serves.
            tell(drafted, drafted, "publishing lists")
    finally:
        publish.discard()


def _shelves(
    stock: Stock, fitted: FittedHybrid, customers: "np.ndarray[Any, np.dtype[np.int64]]", tell: Progress
) -> Iterator[publish.StoredList]:
    known = np.flatnonzero(customers >= 0)
    wish = Wish(k=LIST_LENGTH, policy=stock.policy, diversity=DIVERSITY)
    for start in range(0, len(known), PEOPLE_AT_ONCE):
        people = known[start : start + PEOPLE_AT_ONCE]
        lists = fitted.recommend(people, wish)
        lengths = np.diff(fitted.history.indptr)[people]
        for row, person in enumerate(people):
            yield _shelf(int(customers[person]), lists, row, stock.product_ids, bool(lengths[row] > 0))
        tell(start + len(people), len(known), "writing lists")


def _shelf(
    customer: int, lists: Lists, row: int, product_ids: "np.ndarray[Any, np.dtype[np.int64]]", personal: bool
) -> publish.StoredList:
    filled = [at for at, item in enumerate(lists.items[row]) if item >= 0]
    reasons: list[dict[str, Any]] = []
    for at in filled:
        reason = ListReason(int(lists.reasons[row, at]))
        told: dict[str, Any] = {"code": SENTENCES[reason].code}
        if lists.sources[row, at] >= 0:
            told["product"] = int(product_ids[lists.sources[row, at]])
        told["shares"] = {
            SENTENCES[one].code: round(float(lists.shares[row, at, one]), 3)
            for one in ListReason
            if lists.shares[row, at, one] >= 0.005
        }
        reasons.append(told)
    return publish.StoredList(
        customer_id=customer,
        product_ids=[int(product_ids[lists.items[row, at]]) for at in filled],
        scores=[float(lists.scores[row, at]) for at in filled],
        reasons=reasons,
        personal=personal,
    )
