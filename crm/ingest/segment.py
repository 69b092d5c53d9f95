"""Segment's payloads into events: https://segment.com/docs/connections/spec/ (calls, and the e-commerce vocabulary)."""

import hashlib
import json
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from crm.ingest import clean, identify, intake, refusals
from crm.ingest.cells import BadCell, moment, refuses
from crm.ingest.event import ALIAS, IDENTIFY, NOT_ACTS, Event, EventOutcome, Rejection
from crm.ingest.scrubbing import clean_reference
from crm.interactions.models import Interaction

MAX_BATCH = 2_500
MAX_PRODUCTS = 500
CALLS = ("track", "identify", "page", "screen", "alias")
KINDS = {
    "product viewed": "view",
    "product clicked": "view",
    "product added": "cart",
    "products searched": "search",
    "order completed": "order",
    "order refunded": "return",
    "order cancelled": "return",
    "product reviewed": "rating",
    "coupon applied": "coupon",
    "coupon redeemed": "coupon",
    "email opened": "email_open",
    "email link clicked": "email_click",
    "unsubscribed": "unsubscribe",
}
ORDERS = {"order", "return"}
CHANNELS = {"browser": "web", "web": "web", "mobile": "app", "app": "app", "store": "store", "email": "email"}
TAKEN_OUT = {"products", "sku", "product_id", "value", "price", "quantity", "currency", "order_id", "total", "revenue"}


class BadMessage(Exception):
    """One message of a batch cannot be understood: (field, reason)."""


@dataclass(frozen=True)
class _Call:
    """What every kind of message has."""

    message_id: str
    source: str
    occurred_at: datetime
    external_id: str
    anonymous_id: str
    channel: str

    def event(self, kind: str, suffix: str = "", **more: Any) -> Event:
        return Event(
            kind=kind,
            message_id=self.message_id + suffix,
            source=self.source,
            occurred_at=self.occurred_at,
            external_id=self.external_id,
            anonymous_id=self.anonymous_id,
            **more,
        )


def take(messages: Sequence[Any], source: str, *, undoes_refusals: bool = False) -> EventOutcome:
    """Take a batch of Segment messages in; rejections carry the position of the message.

    Who people are comes first and what they did second, whatever their order in the batch: then a visitor's acts land
    on the right person at once. `undoes_refusals` says whether the sender may undo what people refused, where a message
    says how they agreed.
    """
    rejected: list[Rejection] = []
    told: list[tuple[int, Event]] = []
    acts: list[tuple[int, Event]] = []
    known = _moments(messages, source)
    for index, message in enumerate(messages):
        try:
            for event in events_of(message, source, known):
                (told if event.kind in NOT_ACTS else acts).append((index, event))
        except BadMessage as error:
            rejected.append(Rejection(index, *error.args))
            refusals.record([_refusal(message)], source, {})
        except clean.FAULTS:
            rejected.append(Rejection(index, "", clean.UNFORESEEN))
            refusals.record([_refusal(message)], source, {})
    if undoes_refusals:
        told = [(index, replace(event, undoes_refusal=True)) for index, event in told]
    accepted = seen = 0
    for part, outcome in (
        (told, clean.each([event for _, event in told], identify.apply)),
        (acts, clean.stored([event for _, event in acts], _record)),
    ):
        refused = [
            _refusal(messages[part[item.index][0]]) for item in outcome.rejected if item.reason == clean.UNFORESEEN
        ]
        refusals.record(refused, source, {})
        accepted, seen = accepted + outcome.accepted, seen + outcome.known
        rejected += [Rejection(part[item.index][0], item.field, item.reason) for item in outcome.rejected]
    return EventOutcome(accepted, seen, sorted(rejected, key=lambda item: item.index))


def _record(events: Sequence[Event]) -> EventOutcome:
    return intake.record(events, create_products=True)


def _refusal(message: Any) -> refusals.Refusal:
    # Whatever else is wrong with a message: whom it names, and what it clearly refuses.
    message = message.rest if isinstance(message, clean.Unclean) else message
    traits = message.get("traits") if isinstance(message, dict) and message.get("type") == "identify" else None
    consents = traits.get("consents") if isinstance(traits, dict) else None
    said = consents.items() if isinstance(consents, dict) else ()
    no = {str(key): False for key, value in said if value is False or (isinstance(value, str) and refuses(value))}
    return refusals.Refusal(
        purposes=refusals.purposes_of(no),
        external_id=str(message.get("userId") or "") if no else "",
        anonymous_id=str(message.get("anonymousId") or "") if no else "",
        email=str(traits.get("email") or "") if no and traits else "",
    )


def _moments(messages: Sequence[Any], source: str) -> dict[str, datetime]:
    # A message without a time gets the time it arrives; when it is sent again it must keep the first one, or it would
    # count twice, since the time is a part of what makes an event unique.
    timeless = [
        clean_reference(str(message["messageId"]))
        for message in messages
        if isinstance(message, dict) and message.get("messageId") and not _stamp(message)
    ]
    if not timeless:
        return {}
    stored = Interaction.objects.filter(source=source, message_id__in=timeless + [f"{name}-0" for name in timeless])
    return {name.removesuffix("-0"): at for name, at in stored.values_list("message_id", "occurred_at")}


def _stamp(message: dict[str, Any]) -> Any:
    # `sentAt` could tell how wrong the sender's clock is, but it differs on every retry, and so would the time.
    return message.get("timestamp") or message.get("originalTimestamp")


def events_of(message: Any, source: str, known: dict[str, datetime]) -> list[Event]:
    """Return the events of one message: an order is one for each of its products.

    `known` gives the time first stored for messages without one. Raises BadMessage with (field, reason).
    """
    if isinstance(message, clean.Unclean):
        raise BadMessage(message.field, message.reason)
    if not isinstance(message, dict):
        raise BadMessage("", "A message is a JSON object.")
    call = message.get("type")
    if call not in CALLS:
        raise BadMessage("type", "The type is one of " + ", ".join(CALLS) + ".")
    basis = _basis(message, source, known)
    if call == "identify":
        traits = {**_object(message, "traits")}
        consents = traits.pop("consents", None)
        if consents is not None and not _is_consents(consents):
            raise BadMessage("consents", "Consents are an object of purpose and true or false.")
        context = _object(message, "context")
        traits.setdefault("language", context.get("locale") or "")
        traits.setdefault("timezone", context.get("timezone") or "")
        return [basis.event(IDENTIFY, traits=traits, consents=consents)]
    if call == "alias":
        return [basis.event(ALIAS)]
    properties = _object(message, "properties")
    if call in {"page", "screen"}:
        title = str(message.get("name") or properties.get("title") or "")
        kept = {key: value for key, value in properties.items() if key in {"path", "url", "title", "referrer"}}
        return [basis.event("page", channel=basis.channel, properties={**kept, **({"page": title} if title else {})})]
    return _track(basis, str(message.get("event") or ""), properties)


def _basis(message: dict[str, Any], source: str, known: dict[str, datetime]) -> _Call:
    stamp, name = _stamp(message), message.get("messageId")
    try:
        at = moment(str(stamp)) if stamp else known.get(clean_reference(str(name or "")), timezone.now())
    except BadCell as error:
        raise BadMessage("timestamp", str(error)) from error
    if not name:
        # The same content at the same time is the same message; without a time nothing tells two apart.
        content = json.dumps(message, sort_keys=True, default=str).encode()
        name = hashlib.blake2b(content, digest_size=16).hexdigest() if stamp else uuid.uuid4().hex
    context = _object(message, "context")
    channel = str(message.get("channel") or context.get("channel") or "").lower()
    anonymous = message.get("previousId") if message["type"] == "alias" else message.get("anonymousId")
    return _Call(
        message_id=str(name),
        source=source,
        occurred_at=at,
        external_id=str(message.get("userId") or ""),
        anonymous_id=str(anonymous or ""),
        channel=CHANNELS.get(channel, ""),
    )


def _object(message: dict[str, Any], name: str) -> dict[str, Any]:
    value = message.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadMessage(name, "This is a JSON object.")
    return value or {}


def _is_consents(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(granted, bool) for granted in value.values())


def _track(basis: _Call, name: str, properties: dict[str, Any]) -> list[Event]:
    if not name:
        raise BadMessage("event", "A track call names its event.")
    kind = KINDS.get(name.strip().casefold(), "custom")
    kept = {key: value for key, value in properties.items() if key not in TAKEN_OUT and not isinstance(value, list)}
    if kind == "custom":
        kept["event"] = name
    shared: dict[str, Any] = {
        "channel": basis.channel,
        "currency": str(properties.get("currency") or "").upper(),
        "order_id": str(properties.get("order_id") or ""),
    }
    products = properties.get("products")
    if kind in ORDERS and isinstance(products, list) and products:
        if len(products) > MAX_PRODUCTS:
            raise BadMessage("products", f"An order has at most {MAX_PRODUCTS} lines here.")
        return [
            basis.event(kind, f"-{number}", **shared, **_line(product, kind)) for number, product in enumerate(products)
        ]
    about = _line(properties, kind)
    if kind in ORDERS:
        about["value"] = _number(properties, "total", "revenue", "value")
    return [basis.event(kind, **shared, **about, properties=kept)]


def _line(product: Any, kind: str) -> dict[str, Any]:
    if not isinstance(product, dict):
        raise BadMessage("products", "A product is a JSON object.")
    sku = str(product.get("sku") or product.get("product_id") or "")
    price, quantity = _number(product, "price"), _number(product, "quantity")
    value = None
    if kind in ORDERS or kind == "cart":
        quantity = 1.0 if quantity is None else quantity
        value = None if price is None else round(price * quantity, 2)
    elif kind == "rating":
        value = _number(product, "rating", "value")
    return {"sku": sku, "product": product if sku else None, "value": value, "quantity": quantity}


def _number(properties: dict[str, Any], *names: str) -> float | None:
    for name in names:
        value = properties.get(name)
        if value is None or value == "":
            continue
        try:
            found = float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise BadMessage(name, "This is not a number.") from error
        if not math.isfinite(found):
            raise BadMessage(name, "This is not a finite number.")
        return found
    return None
