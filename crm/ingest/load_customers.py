"""Rows of a file into people."""

from collections.abc import Iterable, Iterator

from django.utils import timezone

from crm.consents.purposes import BY_KEY
from crm.ingest.cells import BadCell, consent, moment, number
from crm.ingest.files import FileRow
from crm.ingest.person import GENDERS, IncomingPerson, age_band
from crm.ingest.sink import Line

IDENTITY = ("first_name", "last_name", "address")
# The short names a shop's export uses for its two or three check boxes.
CONSENTS = {f"consent_{key}": key for key in BY_KEY} | {
    "consent_email": "email_marketing",
    "consent_opens": "open_tracking",
    "consent_clicks": "click_tracking",
}
COLUMNS = (
    "external_id",
    "email",
    "phone",
    *IDENTITY,
    "language",
    "country",
    "region",
    "timezone",
    "age_band",
    "gender",
    "birth_year",
    "age",
    *CONSENTS,
    "consents",
    "consented_at",
    "consent_how",
    "consent_text",
)
ONE_OF = (("external_id", "email"),)


def lines(rows: Iterable[FileRow], places: dict[str, int], source: str) -> Iterator[Line[IncomingPerson]]:
    """Yield a person for every row. A birth year or an age is kept as its band only; an empty cell says nothing."""
    for row in rows:
        if row.problem:
            yield row.line, row.cells, ("", row.problem)
            continue
        cells = {name: row.cells[place].strip() for name, place in places.items()}
        yield row.line, row.cells, _person(cells)


def _person(cells: dict[str, str]) -> IncomingPerson:
    # A cell that cannot be read rejects the row; the refusals in the others are taken all the same.
    problem: tuple[str, str] | None = None
    consents = {key.strip(): True for key in cells.get("consents", "").replace(";", ",").split(",") if key.strip()}
    for column, key in CONSENTS.items():
        try:
            said = consent(cells.get(column, ""))
        except BadCell as error:
            problem = problem or (column, str(error))
        else:
            consents |= {} if said is None else {key: said}
    band, at, column = "", None, "consented_at"
    try:
        at = moment(cells["consented_at"]) if cells.get("consented_at") else None
        column = "birth_year" if cells.get("birth_year") else "age"
        band = cells.get("age_band", "") or _band(cells)
    except BadCell as error:
        problem = problem or (column, str(error))
    gender = cells.get("gender", "").casefold()
    return IncomingPerson(
        external_id=cells.get("external_id", ""),
        email=cells.get("email", ""),
        phone=cells.get("phone", ""),
        identity={name: cells[name] for name in IDENTITY if cells.get(name)},
        language=cells.get("language", "").replace("_", "-").lower(),
        country=cells.get("country", "").upper(),
        region=cells.get("region", ""),
        timezone=cells.get("timezone", ""),
        age_band=band,
        gender=GENDERS.get(gender, "other" if gender else ""),
        attributes={name[11:]: text for name, text in cells.items() if name.startswith("attributes.") and text},
        consents=consents,
        consented_at=at,
        consent_how=cells.get("consent_how", ""),
        consent_text=cells.get("consent_text", ""),
        problem=problem,
    )


def _band(cells: dict[str, str]) -> str:
    born, age = number(cells.get("birth_year", "")), number(cells.get("age", ""))
    years = timezone.now().year - int(born) if born is not None else age
    if years is None:
        return ""
    if not 0 <= years <= 120:
        raise BadCell("This is not an age anyone has.")
    return age_band(int(years))
