"""What a mail may say about its reader, products and offer: the one list that the editor shows and proofs check."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Variable:
    """One thing a mail can print."""

    name: str
    """As it is written between double braces; `products[]` stands for each product of the list."""
    meaning: str | Promise
    example: str
    example_zh: str = ""


VARIABLES: list[Variable] = [
    Variable(
        "customer.first_name", _("First name; counts as missing in conditions when it is not known"), "Ada", "雅达"
    ),
    Variable("customer.language", _("Language of the mail"), "en", "zh-hans"),
    Variable("offer.name", _("Name of the offer"), "Spring offer", "春季优惠"),
    Variable("offer.code", _("Code to redeem it"), "SPRING15", "SPRING15"),
    Variable("offer.value_text", _("What it is worth, in words"), "15% off", "85 折"),
    Variable("offer.valid_until", _("Last day of the offer"), "31 March 2030", "2030年3月31日"),
    Variable("offer.url", _("Page of the offer"), "https://shop.example.com/offer"),
    Variable("products[].name", _("Name of the product"), "Green tea", "绿茶"),
    Variable("products[].url", _("Page of the product"), "https://shop.example.com/green-tea"),
    Variable("products[].price", _("Price with currency"), "€12.90", "€12.90"),
    Variable("products[].image_url", _("Picture of the product"), "https://shop.example.com/green-tea.jpg"),
    Variable("products[].reason", _("Why it is recommended"), "Popular with our customers", "深受顾客欢迎"),
    Variable("products[].brand", _("Brand of the product"), "Example Leaves", "Example Leaves"),
    Variable("unsubscribe_url", _("Where the reader unsubscribes; every mail needs it"), "https://shop.example.com/u"),
    Variable("preferences_url", _("Where the reader chooses what to receive"), "https://shop.example.com/p"),
    Variable("postal_address", _("Address of the sender; every mail needs it"), "1 Example Street, Example City"),
    Variable("sender_name", _("Name of the sender"), "Relata"),
]

PRODUCT_FIELDS = frozenset(
    variable.name.removeprefix("products[].") for variable in VARIABLES if variable.name.startswith("products[]")
)
PLAIN = frozenset(variable.name for variable in VARIABLES if "[]" not in variable.name)
# What a loop itself offers.
LOOP_FIELDS = frozenset({"first", "last", "index", "index0", "rindex", "rindex0", "length"})


def known(segments: Sequence[object], local: bool) -> bool:
    """Say whether a path such as ["products", 0, "name"] leads to something a mail may print.

    `local` paths start at a name the mail itself gave, in a loop or an assignment; those hold a product or plain text.
    """
    names = [segment for segment in segments if isinstance(segment, str)]
    if local:
        return len(names) < 2 or (len(names) == 2 and names[1] in PRODUCT_FIELDS | LOOP_FIELDS)
    if names[0] == "products":
        return len(names) == 1 or names[1] in PRODUCT_FIELDS | {"size", "first", "last"}
    return ".".join(names) in PLAIN or names in (["offer"], ["customer"])
