"""Rows of a file into events."""

import re
from collections.abc import Iterable, Iterator

from crm.ingest.cells import BadCell, moment, number
from crm.ingest.event import Event
from crm.ingest.files import FileRow
from crm.ingest.sink import Fingerprints, Line

COLUMNS = (
    "external_id",
    "anonymous_id",
    "kind",
    "sku",
    "value",
    "quantity",
    "currency",
    "order_id",
    "channel",
    "occurred_at",
    "message_id",
)
ONE_OF = (("external_id", "anonymous_id"), ("occurred_at",))
"""Groups of columns of which a file needs at least one."""


def lines(rows: Iterable[FileRow], places: dict[str, int], source: str) -> Iterator[Line[Event]]:
    """Yield an event for every row; a file without a column of kinds is a file of orders."""
    fingerprints = Fingerprints()
    for row in rows:
        if row.problem:
            yield row.line, row.cells, ("", row.problem)
            continue
        cells = {name: row.cells[place].strip() for name, place in places.items()}
        extra = {name[11:]: text for name, text in cells.items() if name.startswith("attributes.") and text}
        column = "value"
        try:
            value = number(cells.get("value", ""))
            column = "quantity"
            quantity = number(cells.get("quantity", ""))
            column = "occurred_at"
            at = moment(cells["occurred_at"])
        except BadCell as error:
            yield row.line, row.cells, (column, str(error))
            continue
        yield (
            row.line,
            row.cells,
            Event(
                kind=re.sub(r"[\s-]+", "_", cells.get("kind", "order").casefold()),
                message_id=cells.get("message_id") or fingerprints.of("\x1f".join(row.cells)),
                source=source,
                occurred_at=at,
                external_id=cells.get("external_id", ""),
                anonymous_id=cells.get("anonymous_id", ""),
                sku=cells.get("sku", ""),
                value=value,
                quantity=quantity,
                currency=cells.get("currency", "").upper(),
                order_id=cells.get("order_id", ""),
                channel=cells.get("channel", ""),
                properties=extra,
            ),
        )
