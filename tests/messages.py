"""The cast as a shop tells of them: in Segment's messages, over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from crm.consents.purposes import BY_KEY
from crm.models import Product


@dataclass(frozen=True)
class Somebody:
    """One of the cast, as the shop knows them. The names are in nothing else, so that finding one means a leak."""

    number: str
    first: str
    last: str
    email: str
    phone: str


ADA = Somebody("C-1001", "Adalindra", "Quillfeather", "adalindra.quillfeather@example.com", "+4915123456781")
BO = Somebody("C-1002", "Bolverick", "Nightjarrow", "bolverick.nightjarrow@example.com", "+4915123456782")
CY = Somebody("C-1003", "Cyprianus", "Thistlewhisk", "cyprianus.thistlewhisk@example.com", "+4915123456783")
CAST = (ADA, BO, CY)
DEE = "visitor-9f2c"


def identify(who: Somebody) -> dict[str, Any]:
    """Say who somebody is and that they allow everything."""
    traits = {
        "email": who.email,
        "phone": who.phone,
        "firstName": who.first,
        "lastName": who.last,
        "consents": dict.fromkeys(BY_KEY, True),
    }
    at = timezone.now() - timedelta(days=150)
    return {"type": "identify", "userId": who.number, "messageId": f"i-{who.number}", "traits": traits} | _at(at)


def order(who: Somebody, month: int, products: list[Product]) -> dict[str, Any]:
    """Tell of an order, a month for each number, with the address where shops like to put it."""
    lines = [{"sku": product.sku, "price": float(product.price or 0), "quantity": 1} for product in products]
    properties = {"order_id": f"{who.number}-{month}", "currency": "EUR", "products": lines, "email": who.email}
    track = {"type": "track", "event": "Order Completed", "userId": who.number, "messageId": f"o-{who.number}-{month}"}
    return track | {"properties": properties} | _at(timezone.now() - timedelta(days=120 - 30 * month))


def page(visitor: str, days: int) -> dict[str, Any]:
    """Tell of a page a visitor looked at."""
    page = {"type": "page", "name": "Home", "anonymousId": visitor, "messageId": f"p-{visitor}"}
    return page | _at(timezone.now() - timedelta(days=days))


def _at(moment: Any) -> dict[str, str]:
    return {"timestamp": moment.isoformat()}
