"""Which product is it? Stock-keeping units become product ids in bulk."""

from collections.abc import Iterable
from typing import Any

from django.db import connection

from crm.catalog.models import Product
from crm.catalog.upsert import add_bare
from crm.ingest.event import Event
from crm.ingest.scrubbing import clean_text


def resolve(events: Iterable[Event], *, create: bool) -> dict[str, int]:
    """Return sku → product id; with `create`, products nobody knows are made from what the events say about them."""
    said: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.sku:
            about = said.setdefault(event.sku, {})
            if create and event.product:
                about.update(event.product)
    found = _find(said)
    if create and (missing := sorted(said.keys() - found.keys())):
        add_bare([_bare(sku, said[sku]) for sku in missing])
        found |= _find(missing)
    return found


def _bare(sku: str, about: dict[str, Any]) -> dict[str, Any]:
    texts = {key: clean_text(str(about.get(key) or "")) for key in ("name", "category", "brand", "url", "image_url")}
    return {"sku": sku, **texts, "name": texts["name"] or sku}


def _find(skus: Iterable[str]) -> dict[str, int]:
    # One array parameter: tens of thousands of separate ones cost more than the lookup.
    with connection.cursor() as cursor:
        cursor.execute("SELECT sku, id FROM crm_product WHERE sku = ANY(%s)", [list(skus)])
        return dict(cursor.fetchall())


def existing(ids: set[int]) -> set[int]:
    """Return those of the product ids that exist."""
    return set(Product.objects.filter(pk__in=ids).values_list("id", flat=True)) if ids else set()
