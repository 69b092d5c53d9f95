"""The words a field is known to take, offered while a rule is written."""

from django.core.cache import cache
from django.db.models import Q

from crm.customers.models import Customer
from segmentation.rules.fields import Field, FieldKind, allows

MOST = 100
KEPT_SECONDS = 600


def choices(field: Field) -> list[str]:
    """Return up to 100 words a field is known to take, in order; nothing for fields that are not words."""
    if field.kind is not FieldKind.WORD:
        return []
    key = f"rule-choices-{field.key}"
    found: list[str] | None = cache.get(key)
    if found is None:
        people = Customer.objects.active().filter(allows(field.needs), Q((f"{field.path}__gt", "")))
        words = people.order_by(field.path).values_list(field.path, flat=True)
        found = [str(word) for word in words.distinct()[:MOST]]
        cache.set(key, found, KEPT_SECONDS)
    return found
