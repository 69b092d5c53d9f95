"""A colleague writes down what a customer said: the word of the customer, and the act of who wrote it."""

from datetime import datetime
from typing import Any

from django.db import transaction

from crm.access import acts
from crm.access.guards import actor
from crm.access.models import User
from crm.access.verbs import Verb
from crm.consents import decide
from crm.consents.purposes import Purpose, keys_of
from crm.customers.models import Customer


@transaction.atomic(durable=True)
def grant(
    *,
    customer: Customer,
    purposes: Purpose,
    by: User,
    occurred_at: datetime | None = None,
    text_version: str = "",
    proof: dict[str, Any] | None = None,
) -> Purpose:
    """Record a yes; return everything the person allows now, which it may not change.

    Raises decide.ErasedCannotConsent.
    """
    held = decide.grant(
        customer=customer,
        purposes=purposes,
        source=f"page, {actor(by)}",
        occurred_at=occurred_at,
        text_version=text_version,
        proof=proof,
    )
    acts.record(by=by, verb=Verb.GRANTED, on=customer, purposes=keys_of(purposes))
    return held


@transaction.atomic(durable=True)
def withdraw(*, customer: Customer, purposes: Purpose, by: User) -> Purpose:
    """Record a no; return everything the person still allows."""
    left = decide.withdraw(customer=customer, purposes=purposes, source=f"page, {actor(by)}")
    acts.record(by=by, verb=Verb.WITHDREW, on=customer, purposes=keys_of(purposes))
    return left
