"""MovieLens 100K (GroupLens): films rated 1 to 5 stars. Research use only; the data are not part of this project."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from crm.ingest.datasets.identities import invent
from crm.ingest.event import Event
from crm.ingest.person import GENDERS, IncomingPerson, age_band
from crm.ingest.sink import ImportSink, Line

SOURCE = "movielens-100k"
HEADER = ("user", "item", "rating", "timestamp")
GENRES_FROM = 5
"""Position of the first genre flag in a line of u.item."""


def _lines(directory: Path, name: str) -> list[str]:
    # The titles are in ISO 8859-1.
    return (directory / "raw" / name).read_text(encoding="latin-1").splitlines()


def size(directory: Path) -> int:
    """Return the number of rows of all files that are read."""
    return sum(len(_lines(directory, name)) for name in ("u.item", "u.user", "u.data"))


def last_day(directory: Path) -> date:
    """Return the day of the last rating."""
    return datetime.fromtimestamp(max(int(line.split("\t")[3]) for line in _lines(directory, "u.data")), UTC).date()


def load(directory: Path, sink: ImportSink, shift: timedelta) -> None:
    """Bring in films, viewers with invented identities, and ratings."""
    sink.products(_films(directory), "Films")
    sink.people(_viewers(directory), "Viewers")
    sink.events(_ratings(directory, shift), "Ratings")


def _films(directory: Path) -> Iterator[Line[dict[str, Any]]]:
    genres = [line.split("|")[0] for line in _lines(directory, "u.genre") if line]
    for line, text in enumerate(_lines(directory, "u.item"), 1):
        cells = text.split("|")
        tags = [
            name for name, flag in zip(genres, cells[GENRES_FROM:], strict=True) if flag == "1" and name != "unknown"
        ]
        film = {
            "sku": f"ml-{cells[0]}",
            "name": cells[1],
            "category": f"Film > {tags[0] if tags else 'Other'}",
            # The first step would be the same for every film and tell nothing.
            "department": tags[0] if tags else "Other",
            "tags": tags,
            "attributes": {"released": cells[2]} if cells[2] else {},
        }
        yield line, cells[:1], film


def _viewers(directory: Path) -> Iterator[Line[IncomingPerson]]:
    for line, text in enumerate(_lines(directory, "u.user"), 1):
        number, age, gender, occupation, _ = text.split("|")
        person = invent(SOURCE, number, "ml-")
        person.country = "US"
        person.age_band, person.gender = age_band(int(age)), GENDERS[gender.lower()]
        person.attributes = {"occupation": occupation}
        yield line, [number], person


def _ratings(directory: Path, shift: timedelta) -> Iterator[Line[Event]]:
    for line, text in enumerate(_lines(directory, "u.data"), 1):
        cells = text.split("\t")
        user, item, stars, seconds = cells
        yield (
            line,
            cells,
            Event(
                kind="rating",
                message_id=f"{user}-{item}",
                source=SOURCE,
                occurred_at=datetime.fromtimestamp(int(seconds), UTC) + shift,
                external_id=f"ml-{user}",
                sku=f"ml-{item}",
                value=float(stars),
                channel="web",
            ),
        )
