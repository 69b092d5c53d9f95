"""One key for each person and class, whoever asks first; rotation changes the wrapping only."""

import uuid

import pytest
from django.core.management import call_command

from crm.privacy import keystore
from crm.privacy.models import PersonKey

pytestmark = pytest.mark.django_db(databases=["keystore"])


def test_a_person_has_one_key_for_each_class() -> None:
    people = [uuid.uuid4() for _ in range(3)]
    contact = keystore.create_or_get([*people, people[0]], "contact")
    assert keystore.create_or_get(people, "contact") == contact == keystore.unwrap_many(people, "contact")
    identity = keystore.create_or_get(people[:1], "identity")
    assert identity[people[0]] != contact[people[0]]
    assert PersonKey.objects.count() == 4


def test_whoever_loses_the_race_takes_the_winners_key(monkeypatch: pytest.MonkeyPatch) -> None:
    person = uuid.uuid4()
    winner = keystore.create_or_get([person], "contact")
    assert keystore._create([person], "contact") == winner


def test_the_unknown_have_no_key() -> None:
    assert keystore.unwrap_many([uuid.uuid4()], "contact") == {}
    assert keystore.destroy(uuid.uuid4()) == 0


def test_a_rotation_that_was_stopped_goes_on_where_it_was() -> None:
    people = [uuid.uuid4() for _ in range(5)]
    keys = keystore.create_or_get(people, "contact")
    assert next(keystore.rewrap(keystore.epoch_to_finish(), batch=2)) == 2
    assert keystore.epoch_to_finish() == 2
    call_command("vault_rotate", verbosity=0)
    assert set(PersonKey.objects.values_list("epoch", flat=True)) == {2}
    assert keystore.unwrap_many(people, "contact") == keys
    assert keystore.epoch_to_finish() == 3


def test_a_key_wrapped_apart_is_bound_to_its_use_and_place() -> None:
    wrapped = keystore.wrap_apart("gate", bytes(32), b"release|1")
    assert keystore.unwrap_apart("gate", wrapped, b"release|1") == bytes(32)
    for label, place in (("unsub", b"release|1"), ("gate", b"release|2")):
        with pytest.raises(keystore.KeyUnusable):
            keystore.unwrap_apart(label, wrapped, place)
