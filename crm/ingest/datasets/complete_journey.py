"""Complete Journey (dunnhumby, 84.51°): a year of all grocery purchases of households, with coupons and demographics.

Licence: R package CC0; the data for research and education.
"""

from collections.abc import Iterator
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from crm.ingest.datasets.identities import invent
from crm.ingest.event import Event
from crm.ingest.person import IncomingPerson
from crm.ingest.sink import Fingerprints, ImportSink, Line

SOURCE = "complete-journey"
HEADER = ("household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp")
# Departments that are bookkeeping, not things to recommend.
BOOKKEEPING = {"COUPON", "CNTRL/STORE SUP", "PROD-WHS SALES", "CHARITABLE CONT", "POSTAL CENTER", "FUEL"}
DURABLE = {"AUTOMOTIVE", "ELECT &PLUMBING", "GARDEN CENTER", "PHOTO & VIDEO", "TOYS", "TRAVEL & LEISURE"}
ABOUT = ("product_id", "manufacturer_id", "department", "brand", "product_category", "product_type", "package_size")
CHUNK = 50_000


def _read(directory: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(directory / "raw" / f"{name}.parquet")


def size(directory: Path) -> int:
    """Return the number of rows of all files that are read."""
    return sum(len(_read(directory, name)) for name in ("products", "transactions", "coupon_redemptions")) + len(
        _households(directory)
    )


def last_day(directory: Path) -> date:
    """Return the day of the last purchase."""
    found: date = _read(directory, "transactions")["transaction_timestamp"].max().date()
    return found


def load(directory: Path, sink: ImportSink, shift: timedelta) -> None:
    """Bring in products, households with invented identities, order lines and coupon redemptions."""
    bought = _read(directory, "transactions")
    sink.products(_products(_read(directory, "products"), bought), "Products")
    sink.people(_people(directory), "Households")
    sink.events(_orders(bought, shift), "Order lines")
    sink.events(_redemptions(_read(directory, "coupon_redemptions"), shift), "Coupons")


def _nice(text: Any) -> str:
    return str(text).title().replace("'S", "'s") if isinstance(text, str) else ""


def _products(products: pd.DataFrame, bought: pd.DataFrame) -> Iterator[Line[dict[str, Any]]]:
    sold = bought[(bought["quantity"] > 0) & (bought["sales_value"] > 0)]
    prices = (sold["sales_value"] / sold["quantity"]).groupby(sold["product_id"]).median().round(2).to_dict()
    columns = [
        "product_id",
        "manufacturer_id",
        "department",
        "brand",
        "product_category",
        "product_type",
        "package_size",
    ]
    rows = products[columns].itertuples(index=False, name=None)
    for line, (number, maker, department, brand, category, kind, package) in enumerate(rows, 2):
        steps = [step for step in (_nice(department), _nice(category), _nice(kind)) if step]
        name = steps[-1] + (f", {package}" if isinstance(package, str) else "")
        product = {
            "sku": str(number),
            "name": name,
            "category": " > ".join(steps),
            "department": steps[0],
            "brand": f"{brand} {maker}",
            "tags": [text for text in (_nice(category), _nice(kind)) if text],
            "price": prices.get(number),
            "currency": "USD",
            "recommendable": department not in BOOKKEEPING and isinstance(kind, str),
            "repeatable": department not in DURABLE,
        }
        yield line, [str(number)], product


def _households(directory: Path) -> list[int]:
    return sorted(int(number) for number in _read(directory, "transactions")["household_id"].unique())


def _people(directory: Path) -> Iterator[Line[IncomingPerson]]:
    told = _read(directory, "demographics").set_index("household_id").to_dict("index")
    for line, number in enumerate(_households(directory), 2):
        person = invent(SOURCE, str(number), "cj-")
        person.country = "US"
        about: dict[Any, Any] = told.get(number, {})
        person.age_band = str(about.pop("age", ""))
        person.attributes = {key: str(text) for key, text in about.items() if isinstance(text, str)}
        yield line, [str(number)], person


def _orders(bought: pd.DataFrame, shift: timedelta) -> Iterator[Line[Event]]:
    fingerprints = Fingerprints()
    for start in range(0, len(bought), CHUNK):
        part = bought.iloc[start : start + CHUNK]
        moments = part["transaction_timestamp"].dt.tz_localize(UTC).dt.to_pydatetime()
        columns = [part[name].tolist() for name in HEADER[:-1]]
        for line, (at, household, store, basket, product, quantity, value) in enumerate(
            zip(moments, *columns, strict=True), start + 2
        ):
            cells = (household, store, basket, product, quantity, value, at)
            if quantity <= 0:
                yield line, [str(cell) for cell in cells], ("quantity", "The quantity is zero or less.")
                continue
            yield (
                line,
                cells,
                Event(
                    kind="order",
                    message_id=fingerprints.of(f"{household}|{store}|{basket}|{product}|{quantity}|{value}|{at}"),
                    source=SOURCE,
                    occurred_at=at + shift,
                    external_id=f"cj-{household}",
                    sku=str(product),
                    value=value,
                    quantity=quantity,
                    currency="USD",
                    order_id=str(basket),
                    channel="store",
                ),
            )


def _redemptions(used: pd.DataFrame, shift: timedelta) -> Iterator[Line[Event]]:
    fingerprints = Fingerprints()
    rows = used[["household_id", "coupon_upc", "campaign_id", "redemption_date"]].itertuples(index=False, name=None)
    for line, (household, coupon, campaign, day) in enumerate(rows, 2):
        at = day.to_pydatetime().replace(tzinfo=UTC)
        yield (
            line,
            [str(household), "", str(coupon), "", "", "", str(at)],
            Event(
                kind="coupon",
                message_id=fingerprints.of(f"coupon|{household}|{coupon}|{campaign}|{at}"),
                source=SOURCE,
                occurred_at=at + shift,
                external_id=f"cj-{household}",
                channel="store",
                properties={"coupon": coupon, "offer": campaign},
            ),
        )
