"""Planted people: invented customers who allow nothing, whose traces are then searched for where they must not be."""

import json
import secrets
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from django.db import transaction
from django.utils import timezone

from crm.catalog.models import Product
from crm.customers.models import Customer
from crm.interactions import partitions
from crm.interactions.models import Interaction
from crm.privacy import erasure, vault
from crm.privacy.gate import pseudonyms
from crm.privacy.models import Release
from crm.privacy.vault import Sealing

ACTS = 3


@dataclass(frozen=True)
class Canary:
    """A planted person, and the word that marks everything of theirs."""

    customer: Customer
    marker: str


@dataclass(frozen=True)
class CanaryFinding:
    """A trace of a planted person where there must be none."""

    place: str
    """A file's name or a model's label."""
    customer_id: int


def plant(count: int = 1, *, permission: int = 1) -> list[Canary]:
    """Plant people marked as canaries, sealed and with a few orders; by default they allow service only."""
    now = timezone.now()
    partitions.ensure([now.date()])
    planted = [_plant(permission) for _number in range(count)]
    return planted


@transaction.atomic
def _plant(permission: int) -> Canary:
    marker, now = f"canary{secrets.token_hex(8)}", timezone.now()
    customer = Customer.objects.create(
        external_id=marker, canary=True, permission=permission, region=marker, source="canary", first_seen=now
    )
    product = Product._base_manager.first()
    for number in range(ACTS):
        Interaction.objects.create(
            customer=customer,
            kind="order",
            product_id=product.pk if product else None,
            value=1,
            quantity=1,
            order_id=f"{marker}-{number}",
            properties={"note": marker},
            occurred_at=now,
            source="canary",
            message_id=f"{marker}-{number}",
        )
    names = {"first_name": marker, "last_name": marker}
    vault.seal_many([Sealing(customer.pk, customer.uuid, email=f"{marker}@example.com", identity=names)])
    return Canary(customer, marker)


def search(canaries: Sequence[Canary], *, paths: Iterable[Path] = ()) -> list[CanaryFinding]:
    """Return where planted people turn up: files below `paths` (releases, models, exports, logs, mail), derived tables.

    Looked for are the marker, the uuid in its spellings, and the person's pseudonym in every release that still has a
    key. Compressed files (Parquet, npz) are read, not only searched for bytes.
    """
    needles = {canary.customer.pk: _needles(canary) for canary in canaries}
    hits: list[CanaryFinding] = []
    for path in paths:
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file():
                content = _content(file)
                hits += [
                    CanaryFinding(file.name, pk)
                    for pk, words in needles.items()
                    if any(word in content for word in words)
                ]
    for model, field in erasure.derived_models():
        found = model._base_manager.filter(**{f"{field}__in": list(needles)}).values_list(field, flat=True)
        hits += [CanaryFinding(model._meta.label, pk) for pk in found]
    return hits


def _needles(canary: Canary) -> list[bytes]:
    uuid = canary.customer.uuid
    words = [canary.marker.encode(), str(uuid).encode(), uuid.hex.encode(), uuid.bytes]
    for release in Release.objects.filter(wrapped_key__isnull=False):
        name = pseudonyms.of(release).person(uuid)
        words += [name, name.hex().encode()]
    return words


def _content(file: Path) -> bytes:
    if file.suffix == ".parquet":
        return json.dumps(pq.read_table(file).to_pylist(), default=str).encode()
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as folder:
            return b"\n".join(folder.read(name) for name in folder.namelist())
    return file.read_bytes()
