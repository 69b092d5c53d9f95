"""The inventory: what every field of every model holds about a person, read from the models' own declarations."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Field, Model

from lib.declaration import Declaration
from lib.tables import csv_lines

APPS = ("crm", "segmentation", "recommendations", "campaigns")


@dataclass(frozen=True)
class InventoryEntry:
    """One line of the inventory."""

    model: type[Model]
    field: str
    declaration: Declaration


def _fields(model: type[Model]) -> list[str]:
    own = [field.name for field in model._meta.get_fields() if isinstance(field, Field) and not field.auto_created]
    return own + [field.name for field in model._meta.local_fields if field.auto_created]


def models() -> Iterator[type[Model]]:
    """Yield every model of the house that has a table, in the order of the applications."""
    for label in APPS:
        yield from apps.get_app_config(label).get_models()


def entries() -> list[InventoryEntry]:
    """Return the inventory: one entry for each declared field."""
    found = []
    for model in models():
        declared = getattr(model, "Privacy", None)
        for name in _fields(model):
            declaration = getattr(declared, name, None)
            if isinstance(declaration, Declaration):
                found.append(InventoryEntry(model, name, declaration))
    return found


def undeclared() -> list[tuple[type[Model], str]]:
    """Return (model, field name) for every field nobody has declared; it must be empty."""
    missing = []
    for model in models():
        declared = getattr(model, "Privacy", None)
        missing += [
            (model, name) for name in _fields(model) if not isinstance(getattr(declared, name, None), Declaration)
        ]
    return missing


COLUMNS = ("application", "model", "field", "category", "purposes", "retention", "erasure", "mask", "seal")


def record() -> list[dict[str, str]]:
    """Return the record of processing (GDPR Article 30): one mapping of COLUMNS for each field that is about people."""
    return [
        {
            "application": entry.model._meta.app_label,
            "model": entry.model._meta.object_name or "",
            "field": entry.field,
            "category": entry.declaration.category,
            "purposes": " ".join(entry.declaration.purposes),
            "retention": entry.declaration.retention,
            "erasure": entry.declaration.erase,
            "mask": entry.declaration.mask,
            "seal": entry.declaration.seal,
        }
        for entry in entries()
        if entry.declaration.personal
    ]


def as_csv() -> str:
    """Return the record of processing as CSV with a header."""
    rows = [list(COLUMNS), *([row[name] for name in COLUMNS] for row in record())]
    return "".join(csv_lines(rows, end="\n"))


def as_json() -> str:
    """Return the record of processing as a JSON list."""
    return json.dumps(record(), indent=1)
