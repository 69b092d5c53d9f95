"""Who is in a segment: page by page for looking, streamed for taking away."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from crm.privacy import reveal
from segmentation.segments.models import Membership, Segment

PAGE = 50
BATCH = 2_000
COLUMNS = ("customer", "external_id", "language", "country", "region", "age_band", "gender", "since")
CONTACT = ("email", "phone", "first_name", "last_name")
_FACTS = ("customer__uuid", *(f"customer__{name}" for name in COLUMNS[1:-1]), "since")


def page(segment: Segment, *, after: int = 0, size: int = PAGE) -> tuple[list[Membership], int]:
    """Return members in the order they came, and the id after which the next page starts; 0 when there is none."""
    rows = list(
        Membership.objects.current()
        .filter(segment=segment, pk__gt=after)
        .select_related("customer", "customer__standing")
        .order_by("pk")[: size + 1]
    )
    more = len(rows) > size
    return rows[:size], rows[size - 1].pk if more else 0


def export(segment: Segment) -> Iterator[dict[str, Any]]:
    """Yield every member as pseudonym and coarse attributes (COLUMNS), through a server-side cursor."""
    for _pk, row in _rows(segment):
        yield row


def export_with_contact(segment: Segment, *, actor: str) -> Iterator[dict[str, Any]]:
    """Yield every member with contact data (COLUMNS and CONTACT); each thousand openings is written down for `actor`.

    `actor` is `user:<id>` or `api:<prefix>`; whether that caller may is the door's to know.
    """
    reason = f"export of segment {segment.pk}"
    held: dict[int, dict[str, Any]] = {}
    for pk, row in _rows(segment):
        held[pk] = row
        if len(held) == BATCH:
            yield from _opened(held, actor, reason)
            held = {}
    yield from _opened(held, actor, reason)


def _rows(segment: Segment) -> Iterator[tuple[int, dict[str, Any]]]:
    found = (
        Membership.objects.current()
        .filter(segment=segment)
        .order_by("pk")
        .values_list("customer_id", *_FACTS)
        .iterator(chunk_size=BATCH)
    )
    for pk, *facts in found:
        yield pk, {name: _plain(value) for name, value in zip(COLUMNS, facts, strict=True)}


def _opened(held: dict[int, dict[str, Any]], actor: str, reason: str) -> Iterator[dict[str, Any]]:
    contacts = dict(reveal.export_contacts(held, actor=actor, reason=reason)) if held else {}
    for pk, row in held.items():
        opened = contacts.get(pk, {})
        yield row | {name: str(opened.get(name, "")) for name in CONTACT}


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else (value or "")
