"""The one registry of kinds of interaction, with what they mean and how much they say about taste."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """One kind of act."""

    name: str
    label: str | Promise
    icon: str
    """Name of an icon in static/vendor/icons.svg."""
    weight: float
    """How much one such act says about liking the product, an order being 1; 0 when it says nothing."""
    about_product: bool = True


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in [
        Kind("view", _("Viewed"), "eye", 0.15),
        Kind("search", _("Searched"), "search", 0.0, about_product=False),
        Kind("page", _("Visited a page"), "world", 0.0, about_product=False),
        Kind("cart", _("Put in the cart"), "shopping-cart", 0.4),
        Kind("order", _("Ordered"), "shopping-bag", 1.0),
        Kind("return", _("Sent back"), "truck-return", -0.5),
        Kind("rating", _("Rated"), "star", 0.8),
        Kind("coupon", _("Redeemed a coupon"), "ticket", 0.0, about_product=False),
        Kind("email_sent", _("Was sent an e-mail"), "mail", 0.0, about_product=False),
        Kind("email_open", _("Opened an e-mail"), "mail-opened", 0.0, about_product=False),
        Kind("email_click", _("Clicked in an e-mail"), "click", 0.2),
        Kind("unsubscribe", _("Unsubscribed"), "mail-off", 0.0, about_product=False),
        Kind("custom", _("Other"), "activity", 0.0, about_product=False),
    ]
}
