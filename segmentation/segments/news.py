"""Tell who came into a segment and who left, to those who want to know."""

from collections.abc import Iterable
from datetime import datetime

from crm.changes.models import NewsReader, SignalWanted, Stream
from crm.changes.tell import Signal, Topic, tell


def entered_kind(segment_id: int) -> str:
    """Return the kind of signal of somebody who came in."""
    return f"segment:entered:{segment_id}"


def left_kind(segment_id: int) -> str:
    """Return the kind of signal of somebody who left."""
    return f"segment:left:{segment_id}"


def wanted(segment_id: int) -> bool:
    """Say whether anybody wants to know who comes and goes; if not, nobody needs to be named."""
    kinds = [entered_kind(segment_id), left_kind(segment_id)]
    return (
        NewsReader.objects.filter(stream=Stream.PEOPLE).exists() or SignalWanted.objects.filter(kind__in=kinds).exists()
    )


def tell_moved(segment_id: int, *, came: Iterable[int], left: Iterable[int], at: datetime) -> None:
    """Tell who came and who left at a moment, customer ids; in the transaction that writes the memberships."""
    if not wanted(segment_id):
        return
    moved = [(entered_kind(segment_id), pk) for pk in came] + [(left_kind(segment_id), pk) for pk in left]
    signals = (Signal(kind=kind, customer=pk, occurred_at=at, ref=str(segment_id)) for kind, pk in moved)
    tell(Topic.SEGMENT, customers=(pk for _kind, pk in moved), facts=(), since=at, until=at, signals=signals)
