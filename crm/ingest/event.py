"""The one envelope in which anything a customer did, or said about themselves, comes in."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

IDENTIFY = "identify"
"""Not an act: the event says who somebody is (traits, consents) and may tie an anonymous id to a known one."""
ALIAS = "alias"
"""Not an act: two ids are one person."""
NOT_ACTS = frozenset({IDENTIFY, ALIAS})


@dataclass(slots=True, kw_only=True)
class Event:
    """One thing somebody did. Name the person by exactly what is known: our id, the shop's id, or a browser's id.

    An e-mail address or phone number given as an id is replaced by a keyed pseudonym before anything is stored.
    """

    kind: str
    """A key of crm.interactions.kinds.KINDS, or IDENTIFY or ALIAS."""
    message_id: str
    """Unique with source and occurred_at; sending the same event again adds nothing."""
    source: str
    """Who sent it, at most 40 characters: `tracking`, `api:<key prefix>`, the name of an import."""
    occurred_at: datetime
    """Aware."""
    customer_id: int | None = None
    external_id: str = ""
    anonymous_id: str = ""
    product_id: int | None = None
    sku: str = ""
    product: dict[str, Any] | None = None
    """What the event itself says about the product (name, category, brand, price ...); used when the product is new."""
    value: Decimal | float | None = None
    """Money for an order line (quantity times unit price), stars for a rating."""
    quantity: Decimal | float | None = None
    currency: str = ""
    order_id: str = ""
    channel: str = ""
    campaign_ref: int | None = None
    delivery_ref: int | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    traits: dict[str, Any] | None = None
    """Of IDENTIFY: what the person said about themselves. Identifying traits are sealed, never stored as they are."""
    consents: dict[str, bool] | None = None
    """Of IDENTIFY: purpose key → yes or no."""
    undoes_refusal: bool = False
    """Of IDENTIFY: whether the sender may undo what a person refused; a key that may lie in a browser may not."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one event, or one row of a file, did not go in."""

    index: int
    """Position in the sequence that was given, from 0."""
    field: str
    reason: str
    """English, without the offending value where that could name a person."""


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What became of a batch: every event was accepted, known already, or rejected."""

    accepted: int = 0
    known: int = 0
    rejected: list[Rejection] = field(default_factory=list)
