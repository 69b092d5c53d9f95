"""The one registry of kinds of interaction, with what they mean and how much they say about taste."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lib.interest import weight


@dataclass(frozen=True)
class Kind:
    """One kind of act."""

    name: str
    label: str | Promise
    icon: str
    """Name of an icon in static/vendor/icons.svg."""
    about_product: bool = True

    @property
    def weight(self) -> float:
        """How much one such act says about liking the product, an order being 1; 0 when it says nothing."""
        return weight(self.name)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in [
        Kind("view", _("Viewed"), "eye"),
        Kind("search", _("Searched"), "search", about_product=False),
        Kind("page", _("Visited a page"), "world", about_product=False),
        Kind("cart", _("Put in the cart"), "shopping-cart"),
        Kind("order", _("Ordered"), "shopping-bag"),
        Kind("return", _("Sent back"), "truck-return"),
        Kind("rating", _("Rated"), "star"),
        Kind("coupon", _("Redeemed a coupon"), "ticket", about_product=False),
        Kind("email_sent", _("Was sent an e-mail"), "mail", about_product=False),
        Kind("email_open", _("Opened an e-mail"), "mail-opened", about_product=False),
        Kind("email_click", _("Clicked in an e-mail"), "click"),
        Kind("unsubscribe", _("Unsubscribed"), "mail-off", about_product=False),
        Kind("custom", _("Other"), "activity", about_product=False),
    ]
}
