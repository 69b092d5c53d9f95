"""What a mail may print for one reader, put together from plain values."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from campaigns.emails.compile import Compiled
from campaigns.emails.layout import web_address
from campaigns.offers import wording as offer_wording
from campaigns.offers.models import Offer
from campaigns.sending import wording
from crm.catalog.models import Product

Track = Callable[[str], str]
"""Turns the address of a page into the one that stands in the mail."""


@dataclass(frozen=True)
class MailReader:
    """Who the mail is for, as far as the mail may know."""

    language: str
    first_name: str
    unsubscribe_url: str
    preferences_url: str
    sender_name: str
    track: Track


class MailContent:
    """The products and offers of a batch of mails, read once."""

    def __init__(self, product_ids: Iterable[int], offer_ids: Iterable[int | None]) -> None:
        self.products = Product.objects.in_bulk(sorted(set(product_ids)))
        self.offers = Offer.objects.in_bulk(sorted({pk for pk in offer_ids if pk is not None}))
        self.worded: dict[tuple[int, str], dict[str, str]] = {}

    def addresses(self, recommended: Sequence[dict[str, Any]], offer_id: int | None) -> list[str]:
        """Return the addresses a mail with these products and this offer leads to."""
        found = [self.products[item["product"]].url for item in recommended if item["product"] in self.products]
        if offer_id in self.offers:
            found.append(self.offers[offer_id].url)
        return [url for url in found if web_address(url)]

    def offer(self, offer_id: int | None, reader: MailReader) -> dict[str, object]:
        """Return what the mail may print of the offer; empty when there is none."""
        if offer_id not in self.offers or offer_id is None:
            return {}
        words = self.worded.get((offer_id, reader.language))
        if words is None:
            words = offer_wording.context(self.offers[offer_id], reader.language)
            self.worded[offer_id, reader.language] = words
        return {**words, "url": reader.track(words["url"]) if web_address(words["url"]) else ""}

    def listed(self, recommended: Sequence[dict[str, Any]], reader: MailReader) -> list[dict[str, object]]:
        """Return what the mail may print of each product, in order; products deleted meanwhile are left out."""
        listed = []
        for item in recommended:
            product = self.products.get(item["product"])
            if product is None:
                continue
            because = self.products.get(item.get("because") or 0)
            names = {because.pk: because.name_in(reader.language)} if because else {}
            shown = wording.product_context(product, item, names, reader.language)
            listed.append({**shown, "url": reader.track(str(shown["url"])) if shown["url"] else ""})
        return listed


def product_ids(recommended: Sequence[dict[str, Any]]) -> set[int]:
    """Return the products a frozen list shows or names as a reason."""
    return {pk for item in recommended for pk in (item["product"], item.get("because")) if pk}


def assemble(
    compiled: Compiled,
    reader: MailReader,
    shelf: MailContent,
    recommended: Sequence[dict[str, Any]],
    offer_id: int | None,
) -> dict[str, object]:
    """Return the context a compiled mail is rendered with."""
    return {
        # A name with a line break in it is still a name.
        "customer": {"first_name": " ".join(reader.first_name.split()), "language": reader.language},
        "offer": shelf.offer(offer_id, reader),
        "products": shelf.listed(recommended, reader),
        "unsubscribe_url": reader.unsubscribe_url,
        "preferences_url": reader.preferences_url,
        "postal_address": settings.POSTAL_ADDRESS,
        "sender_name": reader.sender_name,
        "links": [reader.track(url) for url in compiled.links],
    }
