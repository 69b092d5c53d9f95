"""Template tags of every page."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.db.models import Model

from crm.access import log
from crm.access.telling import told

register = template.Library()

ACTS_SHOWN = 8


@register.filter
def named(thing: Any) -> str:
    """Return the name of a segment (or anything whose texts are translated) in the language of the page."""
    return str(getattr(thing, "shown_name", None) or thing)


@register.filter
def called(customer: Any, mask: Mapping[str, str]) -> str:
    """Return what to call a customer on a page: the masked name where it may be shown, else the pseudonym."""
    return mask.get("name") or customer.external_id or str(customer.uuid)[-12:]


@register.filter
def item(mapping: Mapping[Any, Any], key: Any) -> Any:
    """Return the value of a mapping under a key that is itself a variable; None where there is none."""
    return mapping.get(key)


@register.filter
def place(row: Any, at: int) -> Any:
    """Return the element of a list at a place that is itself a variable."""
    return row[at]


@register.inclusion_tag("crm/activity/_block.html")
def what_was_done(thing: Model) -> dict[str, Any]:
    """Show the last acts on a thing, and the way to all of them. One query."""
    found = list(log.of(thing)[: ACTS_SHOWN + 1])
    return {
        "acts": told(found[:ACTS_SHOWN]),
        "more": len(found) > ACTS_SHOWN,
        "kind": thing._meta.label_lower,
        "object": thing.pk,
    }
