"""What is sealed opens for its own place only, and nothing readable is left in the tables."""

import uuid
from typing import Any

import pytest
from django.db import connection, connections

from crm.customers.models import Customer, Identity
from crm.privacy import blindindex, keystore, vault
from crm.privacy.models import Opening, PersonKey
from crm.privacy.vault import Sealing

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])

VECTOR = (
    "000102030405060708090a0b"  # nonce
    "3c20b376a48cae39b763f6efd0a91d15e2bbf75895553c13554598b901c229ad205f173265902241c1cbfc"
)
NAMES = {"first_name": "Ada", "last_name": "Invented"}


@pytest.fixture
def pair() -> tuple[Customer, Customer]:
    """Two sealed people."""
    first, second = Customer.objects.create(), Customer.objects.create()
    vault.seal_many(
        [
            Sealing(first.pk, first.uuid, email="Ada.One@Example.com", phone="+1 212 555 0100", identity=NAMES),
            Sealing(second.pk, second.uuid, email="bo@example.com", identity={"first_name": "Bo"}),
        ]
    )
    return first, second


def contact(customer: Customer) -> dict[str, str]:
    return vault.open_one(customer_id=customer.pk, seal="contact", actor="test", reason="test")


def identity(customer: Customer) -> dict[str, str]:
    return vault.open_one(customer_id=customer.pk, seal="identity", actor="test", reason="test")


def test_what_was_sealed_opens_again(pair: tuple[Customer, Customer]) -> None:
    assert contact(pair[0]) == {"email": "Ada.One@example.com", "phone": "+12125550100"}
    assert identity(pair[0]) == NAMES
    assert contact(pair[1]) == {"email": "bo@example.com"}


def test_a_blob_made_elsewhere_by_the_written_format_opens() -> None:
    """A vector worked out once; if it fails, everything sealed before this change has become unreadable."""
    key, person = bytes(range(32)), uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    blob = bytes.fromhex(VECTOR)
    assert vault.open_blob(key, blob, "contact", 1, person) == {"email": "ada@example.com"}


def test_sealing_again_merges_and_an_empty_value_takes_out(pair: tuple[Customer, Customer]) -> None:
    first = pair[0]
    vault.seal_many([Sealing(first.pk, first.uuid, phone="", identity={"last_name": "Changed", "city": "Nowhere"})])
    assert contact(first) == {"email": "Ada.One@example.com"}
    assert identity(first) == {"first_name": "Ada", "last_name": "Changed", "city": "Nowhere"}
    assert Identity.objects.get(pk=first.pk).phone_index is None


def test_a_blob_moved_to_another_person_is_refused(pair: tuple[Customer, Customer]) -> None:
    first, second = (Identity.objects.get(pk=person.pk) for person in pair)
    Identity.objects.filter(pk=second.pk).update(contact=first.contact)
    with pytest.raises(vault.Unreadable):
        contact(pair[1])


def test_a_blob_moved_to_the_other_class_is_refused(pair: tuple[Customer, Customer]) -> None:
    row = Identity.objects.get(pk=pair[0].pk)
    Identity.objects.filter(pk=row.pk).update(identity=row.contact)
    with pytest.raises(vault.Unreadable):
        identity(pair[0])


def test_a_key_moved_to_another_person_or_class_is_refused(pair: tuple[Customer, Customer]) -> None:
    stolen = PersonKey.objects.get(customer_uuid=pair[0].uuid, seal="contact")
    for victim in [
        PersonKey.objects.get(customer_uuid=pair[1].uuid, seal="contact"),
        PersonKey.objects.get(customer_uuid=pair[0].uuid, seal="identity"),
    ]:
        PersonKey.objects.filter(pk=victim.pk).update(wrapped=stolen.wrapped)
        with pytest.raises(keystore.KeyUnusable):
            keystore.unwrap_many([victim.customer_uuid], victim.seal)


@pytest.mark.parametrize("damage", ["plaintext", "cut", "flipped", "empty"])
def test_a_damaged_blob_is_refused(pair: tuple[Customer, Customer], damage: str) -> None:
    blob = bytes(Identity.objects.get(pk=pair[0].pk).contact or b"")
    spoiled = {
        "plaintext": b'{"email":"eve@example.com"}',
        "cut": blob[:-1],
        "flipped": blob[:20] + bytes([blob[20] ^ 1]) + blob[21:],
        "empty": b"",
    }[damage]
    Identity.objects.filter(pk=pair[0].pk).update(contact=spoiled)
    with pytest.raises(vault.Unreadable):
        contact(pair[0])


@pytest.mark.parametrize("version", [0, 2])
def test_another_schema_version_is_refused(pair: tuple[Customer, Customer], version: int) -> None:
    Identity.objects.filter(pk=pair[0].pk).update(schema_version=version)
    with pytest.raises(vault.Unreadable):
        contact(pair[0])


def test_a_blob_is_bound_to_its_schema_version(monkeypatch: pytest.MonkeyPatch) -> None:
    key, person = bytes(32), uuid.uuid4()
    blob = vault.seal_blob(key, {"email": "ada@example.com"}, "contact", person)
    monkeypatch.setattr(vault, "SCHEMA_VERSION", 2)
    with pytest.raises(vault.Unreadable):
        vault.open_blob(key, blob, "contact", 2, person)


def test_no_table_holds_anything_readable(pair: tuple[Customer, Customer]) -> None:
    dump = b""
    for using in ("default", "keystore"):
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            for (table,) in cursor.fetchall():
                with cursor.copy(f'COPY (SELECT * FROM "{table}") TO STDOUT') as stream:
                    dump += b"".join(bytes(block) for block in stream)
    found = dump.lower()
    for secret in ("ada.one", "example.com", "12125550100", "invented"):
        assert secret.encode() not in found
        assert secret.encode().hex().encode() not in found


def test_without_its_key_a_person_is_simply_absent(pair: tuple[Customer, Customer]) -> None:
    assert keystore.destroy(pair[0].uuid) == 2
    opened = vault.open_many(customer_ids=[p.pk for p in pair], seal="contact", actor="test", reason="test")
    assert list(opened) == [pair[1].pk]
    assert contact(pair[0]) == {}


def test_a_taken_address_is_refused_and_nothing_is_sealed(pair: tuple[Customer, Customer]) -> None:
    third = Customer.objects.create()
    with pytest.raises(vault.AddressTaken) as refusal:
        vault.seal_many([Sealing(third.pk, third.uuid, email="BO@example.com", identity={"first_name": "Cy"})])
    assert refusal.value.clashes == {third.pk: pair[1].pk}
    assert "example" not in str(refusal.value)
    assert not Identity.objects.filter(pk=third.pk).exists()


def test_two_people_in_one_batch_cannot_share_an_address() -> None:
    one, two = Customer.objects.create(), Customer.objects.create()
    with pytest.raises(vault.AddressTaken) as refusal:
        vault.seal_many([Sealing(p.pk, p.uuid, email="same@example.com") for p in (one, two)])
    assert refusal.value.clashes == {two.pk: one.pk}


def test_owners_says_who_has_an_address(pair: tuple[Customer, Customer]) -> None:
    email, phone = blindindex.email_index("ada.one@EXAMPLE.com"), blindindex.phone_index("212 555 0100", "us")
    found = vault.owners(email_indexes=[email, bytes(16)], phone_indexes=[phone])
    assert found == {("email", email): pair[0].pk, ("phone", phone): pair[0].pk}


def test_the_erased_are_not_sealed_again(pair: tuple[Customer, Customer]) -> None:
    Customer.objects.filter(pk=pair[0].pk).update(state="erased")
    with pytest.raises(vault.PersonErased) as refusal:
        vault.seal_many([Sealing(pair[0].pk, pair[0].uuid, email="again@example.com")])
    assert refusal.value.customer_ids == [pair[0].pk]


def test_each_opening_is_written_down(pair: tuple[Customer, Customer]) -> None:
    contact(pair[0])
    vault.open_many(customer_ids=[p.pk for p in pair], seal="identity", actor="sending", reason="campaign 1")
    assert list(Opening.objects.order_by("id").values_list("customer", "seal", "count", "actor")) == [
        (pair[0].pk, "contact", 1, "test"),
        (None, "identity", 2, "sending"),
    ]


def test_an_opening_cannot_be_changed(pair: tuple[Customer, Customer]) -> None:
    contact(pair[0])
    with pytest.raises(Exception, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE crm_opening SET actor = 'nobody'")


def test_rewrapping_moves_every_key_and_changes_no_blob(pair: tuple[Customer, Customer]) -> None:
    before = dict(Identity.objects.values_list("pk", "contact"))
    assert sum(keystore.rewrap(2, batch=3)) == 4
    assert set(PersonKey.objects.values_list("epoch", flat=True)) == {2}
    assert keystore.epoch_now() == 2
    assert dict(Identity.objects.values_list("pk", "contact")) == before
    assert contact(pair[0])["email"] == "Ada.One@example.com"


def test_another_root_opens_nothing(pair: tuple[Customer, Customer], settings: Any) -> None:
    settings.PRIVACY_ROOT = b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    with pytest.raises(keystore.KeyUnusable):
        contact(pair[0])


def test_a_root_that_is_not_a_key_is_refused(settings: Any) -> None:
    for root in (b"too short", b"AAAA"):
        settings.PRIVACY_ROOT = root
        with pytest.raises(keystore.BadRoot):
            keystore.subkey("gate")
