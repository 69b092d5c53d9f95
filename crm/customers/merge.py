"""Two ids turn out to be one person: what the anonymous one did becomes the known one's."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from crm.changes.tell import Topic, tell
from crm.customers.models import AnonymousId, Customer

MERGED = "merged"


def merge_known(pairs: Mapping[str, int]) -> list[tuple[int, int]]:
    """Tie anonymous ids to known customers: {anonymous id → customer id}; return the (anonymous, known) pairs merged.

    An id nobody has seen is noted. An id that leads to a customer who is known by another name is left alone:
    one browser may serve a household, and merging two known people cannot be taken back.
    """
    merged = []
    with transaction.atomic():
        seen = {row.value: row for row in AnonymousId.objects.filter(value__in=list(pairs)).select_related("customer")}
        AnonymousId.objects.bulk_create(
            [AnonymousId(value=value, customer_id=pk) for value, pk in sorted(pairs.items()) if value not in seen],
            ignore_conflicts=True,
        )
        for value, row in seen.items():
            known = pairs[value]
            if row.customer_id != known and row.customer.external_id is None:
                target = Customer.objects.get(pk=known)
                if merge(anonymous=row.customer, known=target):
                    merged.append((row.customer_id, known))
    return merged


@transaction.atomic
def merge(*, anonymous: Customer, known: Customer) -> bool:
    """Give everything the anonymous customer did to the known one; False when that may not be done.

    Interactions are facts and otherwise never change. Here only the name on them does: the same person did them, and a
    portrait of half a person would be wrong. Permissions are never widened: what the known person said stands, what
    was allowed anonymously is not carried over (what was refused must be, by the caller, because consents are another
    room). The anonymous row stays, emptied and erased, so that ids in old files lead nowhere.

    Not merged: a person with a shop's id or a sealed identity (they are known, too), the erased and the restricted.
    """
    rows: dict[int, Any] = (
        Customer.objects.select_for_update().filter(pk__in=[anonymous.pk, known.pk]).order_by("pk").in_bulk()
    )
    first, second = rows[anonymous.pk], rows[known.pk]
    if (
        first.pk == second.pk
        or first.external_id is not None
        or {first.state, second.state} != {Customer.State.ACTIVE}
        or hasattr(first, "identity")
    ):
        return False
    first.interactions.update(customer=second)
    first.anonymous_ids.update(customer=second)
    moments = [moment for moment in (first.first_seen, second.first_seen) if moment]
    second.first_seen = min(moments, default=None)
    second.last_seen = max((moment for moment in (first.last_seen, second.last_seen) if moment), default=None)
    for name in ("language", "timezone", "country", "region", "age_band", "gender"):
        setattr(second, name, getattr(second, name) or getattr(first, name))
        setattr(first, name, "")
    second.attributes = {**first.attributes, **second.attributes}
    second.save()
    first.attributes, first.source, first.permission = {}, MERGED, 0
    first.first_seen = first.last_seen = None
    first.state = Customer.State.ERASED
    first.save()
    tell(Topic.MERGED, customers=[first.pk, second.pk])
    return True
