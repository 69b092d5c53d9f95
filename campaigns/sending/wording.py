"""How a product is told in a mail: its name, price and reason in the language of the reader."""

from typing import Any

from babel.numbers import format_currency
from django.conf import settings

from campaigns.emails.layout import web_address
from crm.catalog.models import Product
from recommendations.serving.recommend import sentence


def reason(item: dict[str, Any], names: dict[int, str], language: str) -> str:
    """Return why a product is shown; empty when the list gives no reason. `names` gives product id → name."""
    if not item.get("code"):
        return ""
    return sentence({"code": item["code"], "product": item.get("because")}, names, language)


def price(product: Product, language: str) -> str:
    """Return the price with its currency, empty when there is none."""
    if product.price is None:
        return ""
    locale = "zh_Hans" if language.startswith("zh") else "en"
    return str(format_currency(product.price, product.currency or settings.WORKSPACE_CURRENCY, locale=locale))


def product_context(product: Product, item: dict[str, Any], names: dict[int, str], language: str) -> dict[str, object]:
    """Return what a mail may print of a product: the `products[]` variables of campaigns.emails.variables."""
    return {
        "name": product.name_in(language),
        "url": product.url if web_address(product.url) else "",
        "price": price(product, language),
        "image_url": product.image_url if web_address(product.image_url) else "",
        "reason": reason(item, names, language),
        "brand": product.brand,
    }
