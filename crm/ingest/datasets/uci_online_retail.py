"""UCI Online Retail (Chen, Sain and Guo 2012, CC BY 4.0): all order lines of a web shop for gifts."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from crm.ingest.datasets.identities import invent
from crm.ingest.event import Event
from crm.ingest.person import IncomingPerson
from crm.ingest.sink import Fingerprints, ImportSink, Line

SOURCE = "uci-online-retail"
HEADER = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
FILE = "online_retail.csv.gz"
COUNTRIES = {
    "Australia": "AU", "Austria": "AT", "Bahrain": "BH", "Belgium": "BE", "Brazil": "BR", "Canada": "CA",
    "Cyprus": "CY", "Denmark": "DK", "EIRE": "IE", "Finland": "FI",
    "France": "FR", "Germany": "DE", "Greece": "GR", "Iceland": "IS",
    "Israel": "IL", "Italy": "IT", "Japan": "JP", "Lebanon": "LB", "Lithuania": "LT", "Malta": "MT",
    "Netherlands": "NL", "Norway": "NO", "Poland": "PL", "Portugal": "PT", "RSA": "ZA", "Singapore": "SG",
    "Spain": "ES", "Sweden": "SE",
    "Switzerland": "CH", "USA": "US",
    "Czech Republic": "CZ",
    "Hong Kong": "HK",
    "Saudi Arabia": "SA",
    "United Arab Emirates": "AE",
    "United Kingdom": "GB",
    "Channel Islands": "JE",
}  # fmt: skip
CANCELLED = "C"


def _rows(directory: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with gzip.open(directory / "derived" / FILE, "rt", encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        for row in reader:
            yield reader.line_num, row


def size(directory: Path) -> int:
    """Return the number of order lines."""
    return sum(1 for _ in _rows(directory))


def last_day(directory: Path) -> date:
    """Return the day of the last line."""
    return date.fromisoformat(max(row["InvoiceDate"] for _, row in _rows(directory))[:10])


def load(directory: Path, sink: ImportSink, shift: timedelta) -> None:
    """Bring in products, customers with invented identities, and order lines; cancelled lines are returns."""
    sink.products(_products(directory), "Products")
    sink.people(_people(directory), "Customers")
    sink.events(_lines(directory, shift), "Order lines")


def _products(directory: Path) -> Iterator[Line[dict[str, Any]]]:
    names: defaultdict[str, Counter[str]] = defaultdict(Counter)
    prices: defaultdict[str, list[float]] = defaultdict(list)
    for _, row in _rows(directory):
        code, price = row["StockCode"].upper(), float(row["UnitPrice"])
        names[code]
        if price > 0:
            # Corrections carry notes such as "damaged?" instead of a name, at a price of nothing.
            names[code][" ".join(row["Description"].split())] += 1
            prices[code].append(price)
    for line, (code, texts) in enumerate(sorted(names.items()), 1):
        name = (texts.most_common(1)[0][0] if texts else "") or code
        goods = code[:5].isdigit()
        # No category comes with the data; the last word of a gift's name is usually the kind of thing it is.
        words = [word for word in name.title().split() if word.isalpha()]
        product = {
            "sku": code,
            "name": name.capitalize(),
            "category": words[-1] if goods and words else "Other",
            "price": round(median(prices[code]), 2) if prices[code] else None,
            "currency": "GBP",
            # Postage, fees and corrections have codes of letters.
            "recommendable": goods and bool(texts),
        }
        yield line, [code], product


def _people(directory: Path) -> Iterator[Line[IncomingPerson]]:
    countries: dict[str, str] = {}
    for _, row in _rows(directory):
        if row["CustomerID"]:
            countries[row["CustomerID"].split(".")[0]] = COUNTRIES.get(row["Country"], "")
    for line, (number, country) in enumerate(sorted(countries.items()), 1):
        person = invent(SOURCE, number, "uci-")
        person.country = country
        yield line, [number], person


def _lines(directory: Path, shift: timedelta) -> Iterator[Line[Event]]:
    fingerprints = Fingerprints()
    for line, row in _rows(directory):
        cells = [row[name] for name in HEADER]
        yield line, cells, _event(row, fingerprints, shift)


def _event(row: dict[str, str], fingerprints: Fingerprints, shift: timedelta) -> Event | tuple[str, str]:
    quantity, price = float(row["Quantity"]), float(row["UnitPrice"])
    cancelled = row["InvoiceNo"].startswith(CANCELLED)
    if not row["CustomerID"]:
        return "CustomerID", "The line names no customer."
    if price <= 0:
        return "UnitPrice", "The price is zero or less."
    if (quantity < 0) != cancelled or quantity == 0:
        return "Quantity", "The quantity does not agree with the invoice: only cancellations are negative."
    return Event(
        kind="return" if cancelled else "order",
        message_id=fingerprints.of("|".join(row[name] for name in HEADER)),
        source=SOURCE,
        occurred_at=datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=UTC) + shift,
        external_id="uci-" + row["CustomerID"].split(".")[0],
        sku=row["StockCode"].upper(),
        value=round(abs(quantity) * price, 2),
        quantity=abs(quantity),
        currency="GBP",
        order_id=row["InvoiceNo"],
        channel="web",
    )
