"""From a compiled mail and what is known about a reader to the mail itself."""

import re
from dataclasses import dataclass
from decimal import Decimal

from liquid.exceptions import LiquidError
from markupsafe import escape

from campaigns.emails import liquid, variables
from campaigns.emails.compile import Compiled
from campaigns.emails.layout import web_address

CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
BLANK_LINES = re.compile(r"\n{3,}")
PLAIN_TYPES = (str, int, bool, Decimal, type(None))
LONGEST_SUBJECT = 250
MISSING = {
    "no_unsubscribe": "the mail has no unsubscribe link for this reader",
    "no_address": "the mail has no postal address for this reader",
}


class RenderError(Exception):
    """A mail could not be made for one reader; the message holds no value of theirs."""


@dataclass(frozen=True)
class RenderedMail:
    """A mail as one reader gets it, before addresses and headers."""

    subject: str
    html: str
    text: str


def render(compiled: Compiled, context: dict[str, object]) -> RenderedMail:
    """Make the mail of one reader.

    The context holds plain dicts, lists, texts and numbers only (see `variables`), and `links`, the addresses that
    stand for the compiled mail's links. An empty text counts as no value.
    Raises RenderError when a limit is hit, a value is of another type, an address is not one, or the subject would hold
    a control character.
    """
    context = {name: _plain(value) for name, value in context.items()}
    _refuse_addresses(context)
    try:
        subject = liquid.parse(compiled.subject, html=False).render(**context)
        html = liquid.parse(compiled.html, html=True).render(**context)
        text = liquid.parse(compiled.text, html=False).render(**context)
    except LiquidError as mistake:
        raise RenderError(type(mistake).__name__) from mistake
    subject = subject.strip()
    if CONTROL.search(subject):
        raise RenderError("the subject holds a control character")
    if not subject or len(subject) > LONGEST_SUBJECT:
        raise RenderError("the subject is empty or too long")
    lines = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return RenderedMail(subject, html, BLANK_LINES.sub("\n\n", lines).strip() + "\n")


def missing_in(mail: RenderedMail, context: dict[str, object]) -> list[str]:
    """Return what the law wants in every mail and this one has not, as codes of problems."""
    unsubscribe, address = str(context["unsubscribe_url"]), str(context["postal_address"])
    missing = []
    if f'href="{escape(unsubscribe)}"' not in mail.html or unsubscribe not in mail.text:
        missing.append("no_unsubscribe")
    if str(escape(address)) not in mail.html or address not in mail.text:
        missing.append("no_address")
    return missing


def render_lawful(compiled: Compiled, context: dict[str, object]) -> RenderedMail:
    """Make the mail of one reader, as `render` does, and refuse it without unsubscribe link or postal address.

    A condition may hide either from readers that no proof thought of.
    """
    mail = render(compiled, context)
    if missing := missing_in(mail, context):
        raise RenderError(", ".join(MISSING[code] for code in missing))
    return mail


def _plain(value: object, depth: int = 0) -> object:
    # Exact types: a subclass could carry attributes that Liquid would follow.
    if type(value) is dict and depth < 4:
        if any(type(key) is not str for key in value):
            raise RenderError("a name in the context is not text")
        return {key: _plain(inner, depth + 1) for key, inner in value.items()}
    if type(value) is list and depth < 4:
        return [_plain(inner, depth + 1) for inner in value]
    if type(value) not in PLAIN_TYPES:
        raise RenderError(f"a value of type {type(value).__name__} may not enter a mail")
    # To Liquid an empty text is true; nobody who writes "if there is a name" means that.
    return None if value == "" else value


def _refuse_addresses(context: dict[str, object]) -> None:
    # Escaping keeps a value inside its attribute, but does not stop `javascript:` there.
    offer, products, links = context.get("offer"), context.get("products"), context.get("links")
    places = [offer, *(products if isinstance(products, list) else [])]
    found = [place.get(name) for place in places if isinstance(place, dict) for name in ("url", "image_url")]
    found += [context.get("unsubscribe_url"), context.get("preferences_url")]
    found += links if isinstance(links, list) else []
    if any(address and not web_address(str(address)) for address in found):
        raise RenderError("an address does not start with http:// or https://")


def sample_context(language: str, links: tuple[str, ...] = ()) -> dict[str, object]:
    """Return invented values for every variable, in English or Chinese, with two products."""
    chinese = language.startswith("zh")
    context: dict[str, object] = {"links": list(links)}
    product: dict[str, object] = {}
    for variable in variables.VARIABLES:
        value = (variable.example_zh if chinese else "") or variable.example
        if variable.name.startswith("products[]."):
            product[variable.name.removeprefix("products[].")] = value
        elif "." in variable.name:
            group, name = variable.name.split(".")
            place = context.setdefault(group, {})
            assert isinstance(place, dict)  # noqa: S101
            place[name] = value
        else:
            context[variable.name] = value
    return context | {"products": [product, dict(product)]}
