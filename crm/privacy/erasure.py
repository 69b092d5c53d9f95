"""Erase a person: destroy the keys, blank what could point back, delete what was worked out, keep the statistics.

The plan is the inventory: each field's declaration says what erasure does to it.
"""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from crm.access import acts
from crm.access.verbs import Verb
from crm.changes import read
from crm.changes.tell import Topic, about, tell
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import AnonymousId, Customer, Identity
from crm.privacy import inventory, keystore, suppression
from crm.privacy.gate import manifest
from crm.privacy.models import PersonKey
from lib import signing

Counts = dict[str, int]
EVERY_PURPOSE = Purpose((1 << len(Purpose)) - 1) & ~Purpose.SERVICE


@transaction.atomic
def erase(*, customer: Customer, actor: str) -> Counts:
    """Erase one person and return store → rows before; a signed certificate with the counts is kept as a file.

    The row of the customer stays, as a pseudonym nobody can resolve. Erasing twice does no harm. Nothing is undone:
    once this returns, sealed copies in backups are unreadable too, as soon as the keystore's own backups are gone.
    """
    # Exclusive: whoever is sealing this person right now finishes first, and whoever comes later is refused.
    customer = Customer._base_manager.select_for_update().get(pk=customer.pk)
    before = counts(customer)
    if customer.state != Customer.State.ERASED:
        Customer.objects.filter(pk=customer.pk).update(state=Customer.State.RESTRICTED)
        suppression.suppress_customers(customer_ids=[customer.pk], reason=suppression.Reason.ERASED, actor=actor)
        decide.withdraw(customer=customer, purposes=EVERY_PURPOSE, source="erasure", basis=decide.Basis.OBJECTION)
    Identity.objects.filter(pk=customer.pk).update(
        contact=None, identity=None, email_index=None, phone_index=None, suppressed=None
    )
    for model, field in derived_models():
        model._base_manager.filter(**{field: customer.pk}).delete()
    AnonymousId.objects.filter(customer=customer).delete()
    _blank(customer)
    _unlink_facts(customer)
    read.forget(customer.pk)
    tell(Topic.ERASED, customers=[customer.pk], signals=about(Topic.ERASED, [customer.pk], timezone.now()))
    # Last, and in a database of its own: if what is above fails, the person is whole; if the commit after it fails, the
    # person is unreadable already and erasing again finishes the work.
    keystore.destroy(customer.uuid)
    _certify(customer, before, actor)
    acts.record(by=actor, verb=Verb.ERASED, on=customer, before=before)
    return before


def derived_models() -> Iterator[tuple[type[models.Model], str]]:
    """Yield (model, its field that leads to the customer) for every model with a field that erasure deletes."""
    for model in dict.fromkeys(entry.model for entry in inventory.entries() if entry.declaration.erase == "delete"):
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and field.related_model is Customer:
                yield model, field.name


def _blank(customer: Customer) -> None:
    blank: dict[str, Any] = {"external_id": None, "state": Customer.State.ERASED}
    for entry in inventory.entries():
        field = Customer._meta.get_field(entry.field) if entry.model is Customer else None
        if isinstance(field, models.Field) and entry.declaration.erase == "blank":
            blank[entry.field] = field.get_default()
    Customer.objects.filter(pk=customer.pk).update(**blank)


def _unlink_facts(customer: Customer) -> None:
    # Order numbers lead to the shop's own books, where the person has a name. A salt nobody keeps breaks that road and
    # still leaves the lines of one order together, for the statistics.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE crm_interaction SET properties = '{}', order_id = CASE order_id WHEN '' THEN '' "
            "ELSE left(encode(sha256(convert_to(%s || order_id, 'UTF8')), 'hex'), 32) END WHERE customer_id = %s",
            [secrets.token_hex(16), customer.pk],
        )


def counts(customer: Customer) -> Counts:
    """Return store → rows that erasing the person would destroy, blank or delete."""
    identity = Identity.objects.filter(pk=customer.pk)
    counts = {
        "keys": PersonKey.objects.filter(customer_uuid=customer.uuid).count(),
        "sealed": identity.exclude(contact=None, identity=None).count(),
        "indexes": identity.exclude(email_index=None, phone_index=None).count(),
        "anonymous_ids": AnonymousId.objects.filter(customer=customer).count(),
    }
    for model, field in derived_models():
        counts[model._meta.label_lower] = model._base_manager.filter(**{field: customer.pk}).count()
    return counts


def _certify(customer: Customer, before: Counts, actor: str) -> Path:
    facts = {
        "customer": str(customer.uuid),
        "erased_at": timezone.now().isoformat(),
        "actor": actor,
        "before": before,
        "after": counts(customer),
    }
    text = json.dumps(facts, sort_keys=True, indent=1)
    signature = signing.sign(text.encode(), manifest.key_file()).hex()
    folder = Path(settings.CERTIFICATE_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{customer.uuid}-{timezone.now():%Y%m%dT%H%M%S%f}.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"certificate": text, "signature": signature}, file, indent=1)
    return path


def check_certificate(path: Path) -> dict[str, Any]:
    """Return what a certificate says; raise lib.signing.BadSignature when it is not ours or was altered."""
    kept = json.loads(path.read_text())
    public = signing.public_bytes(signing.signing_key(manifest.key_file()))
    signing.verify(kept["certificate"].encode(), bytes.fromhex(kept["signature"]), public)
    facts: dict[str, Any] = json.loads(kept["certificate"])
    return facts
