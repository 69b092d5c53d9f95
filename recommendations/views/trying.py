"""Try a customer: what would be shown, why, and what was filtered out."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from crm.catalog.models import Product
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from recommendations.serving.recommend import held_back, recommend, sentence

SHOWN = 20


def try_customer(request: HttpRequest) -> HttpResponse:
    """Show the list of one customer, found by shop id or public id, or of the first one who has any."""
    words = request.GET.get("customer", "").strip()
    customer = find(words) if words else anybody()
    context: dict[str, Any] = {"nav": "recommendations", "words": words, "customer": customer, "missing": bool(words)}
    if customer:
        context |= _listing(customer)
    return render(request, "recommendations/try.html", context)


def anybody() -> Customer | None:
    """Return the first customer with a personal list, None while there is none."""
    permitting = Customer.objects.active().permitting(int(Purpose.RECOMMENDATION))
    return permitting.filter(recommendation__personal=True).order_by("pk").first()


def find(words: str) -> Customer | None:
    """Return the customer with this id of the shop or this public id, None for nobody."""
    # A shop's id may look like a public id, so it is asked for first.
    found = Customer.objects.real().filter(external_id=words).first()
    try:
        return found or Customer.objects.real().filter(uuid=UUID(words)).first()
    except ValueError:
        return None


def _listing(customer: Customer) -> dict[str, Any]:
    found = recommend([customer.pk], SHOWN)[customer.pk]
    named = {reason.get("product") for reason in found.reasons} - {None}
    products = Product.objects.in_bulk([*found.product_ids, *named])
    language = get_language() or "en"
    names = {pk: product.name_in(language) for pk, product in products.items()}
    return {
        "listing": found,
        "rows": [
            {
                "product": products[pk],
                "reason": sentence(reason, names),
                "shares": [
                    (sentence({"code": code, "product": reason.get("product")}, names), round(share * 100))
                    for code, share in sorted(reason.get("shares", {}).items(), key=lambda pair: -pair[1])
                    if share >= 0.05
                ],
            }
            for pk, reason in zip(found.product_ids, found.reasons, strict=True)
        ],
        "held_back": Product.objects.filter(pk__in=held_back(customer)),
    }
