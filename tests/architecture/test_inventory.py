"""Every field of every model says what it holds about a person, in words the erasure and the masks understand."""

import csv
import io
import json

from crm.customers.models import Customer, Identity
from crm.privacy import inventory
from lib.declaration import ERASURES


def test_every_field_is_declared() -> None:
    assert [f"{model._meta.label}.{field}" for model, field in inventory.undeclared()] == []


def test_every_declaration_names_a_known_erasure() -> None:
    assert {entry.declaration.erase for entry in inventory.entries()} <= set(ERASURES)


def test_what_is_sealed_is_shredded_and_lives_in_two_tables_only() -> None:
    sealed = [entry for entry in inventory.entries() if entry.declaration.seal]
    assert {entry.declaration.erase for entry in sealed} == {"shred"}
    assert {entry.model._meta.label for entry in sealed} == {"crm.Identity", "crm.PersonKey"}


def test_a_model_with_derived_fields_leads_to_its_customer() -> None:
    for entry in inventory.entries():
        if entry.declaration.erase == "delete":
            related = {field.related_model for field in entry.model._meta.get_fields() if field.is_relation}
            assert Customer in related, f"{entry.model._meta.label} is worked out about a person it does not name"


def test_the_record_of_processing_is_the_same_in_both_forms() -> None:
    lines = list(csv.DictReader(io.StringIO(inventory.as_csv())))
    assert lines == json.loads(inventory.as_json()) == inventory.record()
    assert {"crm", "segmentation", "recommendations", "campaigns"} == {line["application"] for line in lines}
    assert not any(line["category"].startswith("system.") for line in lines)
    contact = next(line for line in lines if (line["model"], line["field"]) == (Identity.__name__, "contact"))
    assert (contact["seal"], contact["erasure"]) == ("contact", "shred")
