"""The demo shop as three CSV files, so that it comes in through the same door as anybody's data."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crm.ingest.datasets.identities import invent
from crm.ingest.person import IncomingPerson
from lib.progress import Progress
from workspace.demo import catalog
from workspace.demo.behaviour import DAY, KINDS, DemoInteractions, Shop, act
from workspace.demo.people import HABITS, DemoPeople, draw

PREFIX = "demo-"
CHUNK = 20_000
COUNTRIES = (("DE", "Europe/Berlin"), ("GB", "Europe/London"), ("SG", "Asia/Singapore"), ("US", "America/New_York"))
CHINA = ("CN", "Asia/Shanghai")
BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
BAND_SHARES = (0.12, 0.26, 0.24, 0.18, 0.12, 0.08)
GENDERS = ("female", "male", "")
CUSTOMER_COLUMNS = [
    "external_id", "email", "first_name", "last_name", "language", "country", "timezone", "age_band", "gender",
    "consents",
]  # fmt: skip
PRODUCT_COLUMNS = [
    "sku", "name", "name_zh", "description", "description_zh", "category", "brand", "tags", "price", "currency",
    "stock", "repeatable", "url",
]  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How big the shop is."""

    customers: int = 2000
    products: int = 240
    density: float = 1.0
    """Below 1, fewer acts a person."""


SCALE = Size(customers=1_000_000, products=50_000, density=0.27)
"""One million customers, 50,000 products, about 20 million interactions."""


@dataclass(frozen=True)
class Files:
    """Where the three files lie."""

    products: Path
    customers: Path
    interactions: Path


def write(folder: Path, size: Size, end: datetime, progress: Progress) -> Files:
    """Write the shop's files; its history ends with the midnight before `end`. The same size gives the same shop."""
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(folder / "demo-products.csv", folder / "demo-customers.csv", folder / "demo-interactions.csv")
    shelves = catalog.build(size.products)
    _write_products(files.products, shelves)
    shop = Shop(shelves).prepare()
    midnight = end.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    last_weekday = (midnight - timedelta(days=1)).weekday()
    with files.customers.open("w", newline="") as people_file, files.interactions.open("w", newline="") as acts_file:
        writer = csv.writer(people_file)
        writer.writerow(CUSTOMER_COLUMNS)
        for first in range(0, size.customers, CHUNK):
            people = draw(first, min(CHUNK, size.customers - first))
            _write_people(writer.writerow, people)
            acts = act(people, shop, last_weekday=last_weekday, density=size.density)
            frame = _frame(people, acts, shelves, midnight)
            frame.to_csv(acts_file, index=False, header=first == 0)
            progress(first + len(people.number), size.customers, "inventing customers")
    return files


def _write_products(path: Path, shelves: catalog.Shelves) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, PRODUCT_COLUMNS)
        writer.writeheader()
        for row in shelves.rows:
            sku = row["sku"]
            writer.writerow(
                row
                | {
                    "tags": "|".join(row["tags"]),
                    "currency": "EUR",
                    "repeatable": "yes" if row["repeatable"] else "no",
                    "url": f"https://shop.example.com/p/{sku}",
                }
            )


def person_of(number: int, chinese: bool) -> IncomingPerson:
    """Return the invented identity of one demo customer; people with Chinese texts get a Chinese name."""
    # Each id is one person; the language is part of the name so that it fits the one drawn with the habits.
    for attempt in range(64):
        person = invent(f"demo{attempt}", str(number), PREFIX)
        if (person.language == "zh-hans") == chinese:
            return person
    return person


def _write_people(write: Callable[[list[str]], Any], people: DemoPeople) -> None:
    rng = np.random.default_rng([11, int(people.number[0])])
    size = len(people.number)
    country = rng.integers(0, len(COUNTRIES), size)
    band = rng.choice(len(BANDS), size, p=BAND_SHARES)
    gender = rng.choice(len(GENDERS), size, p=(0.48, 0.44, 0.08))
    for at in range(size):
        chinese = bool(people.chinese[at])
        person = person_of(int(people.number[at]), chinese)
        place, zone = CHINA if chinese and country[at] else COUNTRIES[country[at]]
        write(
            [
                person.external_id,
                person.email,
                person.identity.get("first_name", ""),
                person.identity.get("last_name", ""),
                person.language,
                place,
                zone,
                BANDS[band[at]],
                GENDERS[gender[at]],
                ",".join(key for key, given in (person.consents or {}).items() if given),
            ]
        )


def _frame(people: DemoPeople, acts: DemoInteractions, shelves: catalog.Shelves, midnight: datetime) -> pd.DataFrame:
    numbers = people.number[acts.person]
    moment = pd.Timestamp(midnight) - pd.to_timedelta(np.minimum(acts.moment, 5 * 365 * DAY), unit="s")
    ordered = acts.kind == 0
    channels = np.array([habit.channel for habit in HABITS])[people.habit[acts.person]]
    order = [f"{n}-{o}" if is_order else "" for n, o, is_order in zip(numbers, acts.order, ordered, strict=True)]
    return pd.DataFrame(
        {
            "external_id": [f"{PREFIX}{n}" for n in numbers],
            "kind": np.array(KINDS)[acts.kind],
            "sku": shelves.sku[acts.product],
            "value": np.where(ordered, (shelves.price[acts.product] * acts.quantity).round(2), np.nan),
            "quantity": np.where(ordered, acts.quantity, np.nan),
            "currency": np.where(ordered, "EUR", ""),
            "order_id": order,
            "channel": channels,
            "occurred_at": moment.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
            "message_id": [f"{n}-{k}" for k, n in enumerate(numbers)],
        }
    )
