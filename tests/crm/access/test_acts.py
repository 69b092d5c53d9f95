"""Who did what: one row in the transaction of the verb, for good."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from crm.access import acts, keys, team
from crm.access.models import Act, User
from crm.access.verbs import Program, Verb
from crm.catalog import exclude
from crm.catalog.models import Product
from crm.customers.models import Customer
from crm.privacy import audit, erasure, reveal
from crm.privacy.models import Opening
from tests.conftest import NEVER_EMPTIED, person

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def told() -> list[tuple[str, str, str]]:
    """Return (verb, kind, label) of every act, the oldest first."""
    return list(Act.objects.order_by("id").values_list("verb", "kind", "label"))


def test_an_act_names_who_what_and_the_thing_as_it_was_called_then(user: Callable[[str], User], lamp: Product) -> None:
    by = user("marketer")
    exclude.exclude(product=lamp, excluded=True, by=by)
    Product.objects.update(name="Another name")
    act = Act.objects.get()
    assert (act.user, act.verb, act.kind, act.object_id, act.label) == (
        by,
        Verb.EXCLUDED,
        "crm.product",
        lamp.pk,
        "Reading lamp",
    )


@pytest.mark.django_db(transaction=True, databases=["default", "keystore"])
def test_an_act_outside_a_transaction_is_refused() -> None:
    """It could stay when the change it tells of does not."""
    with pytest.raises(acts.OutsideTransaction):
        acts.record(by=None, verb=Verb.STARTED, on="circle")
    assert not Act.objects.exists()


def test_an_act_goes_with_the_change_that_fails(lamp: Product) -> None:
    with pytest.raises(RuntimeError, match="after it"), transaction.atomic():
        acts.record(by=None, verb=Verb.EXCLUDED, on=lamp)
        raise RuntimeError("something after it")
    assert not Act.objects.exists()


@pytest.mark.parametrize("table", NEVER_EMPTIED)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET id = id", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_what_was_written_down_stays(table: str, statement: str, ada: Customer) -> None:
    """Each table has a row: a row trigger says nothing about an empty one."""
    reveal.reveal(customer=ada, actor="command", reason="to have an opening and an act")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER never_emptied")
        cursor.execute(statement.format(table))


def test_who_acts_may_be_a_person_a_key_or_a_program(user: Callable[[str], User], lamp: Product) -> None:
    admin = user("admin")
    key, _text = keys.create(name="shop", scopes=["read"], created_by=admin)
    for by in (admin, f"user:{admin.pk}", key, f"api:{key.prefix}", Program.COMMAND, "command", None, "sending"):
        acts.record(by=by, verb=Verb.CHANGED, on=lamp)
    written = Act.objects.filter(verb=Verb.CHANGED).order_by("id").values_list("user", "api_key", "program")
    assert list(written) == [
        (admin.pk, None, ""),
        (admin.pk, None, ""),
        (None, key.pk, ""),
        (None, key.pk, ""),
        (None, None, "command"),
        (None, None, "command"),
        (None, None, "system"),
        (None, None, "system"),
    ]


def test_a_customer_is_named_by_the_pseudonym_and_a_colleague_not_at_all(
    ada: Customer, user: Callable[[str], User]
) -> None:
    reveal.reveal(customer=ada, actor=f"user:{user('admin').pk}", reason="Ada Invented called")
    acts.record(by=None, verb=Verb.PASSWORD_CHANGED, on=User.objects.get())
    assert told() == [("revealed", "crm.customer", str(ada.uuid)), ("password_changed", "crm.user", "")]
    assert not any("Ada" in str(row) or "'ada'" in str(row) for row in Act.objects.values())


def test_details_are_plain_json(lamp: Product) -> None:
    before = {"price": Decimal("40.00"), "until": None, "tags": ("a",)}
    after = {"price": Decimal("41.50"), "until": date(2027, 1, 31), "tags": ("a",)}
    acts.record(by=None, verb=Verb.CHANGED, on=lamp, **acts.changes(before, after))
    assert Act.objects.get().details == {"price": ["40.00", "41.50"], "until": [None, "2027-01-31"]}


def test_a_kind_nobody_declared_is_refused(lamp: Product) -> None:
    with pytest.raises(KeyError, match="no kind of thing"):
        acts.record(by=None, verb=Verb.CHANGED, on="teapot")


def test_erasing_leaves_an_act_that_names_nobody(ada: Customer) -> None:
    uuid = str(ada.uuid)
    erasure.erase(customer=ada, actor="command")
    act = Act.objects.get(verb=Verb.ERASED)
    assert (act.label, act.program) == (uuid, "command")
    assert act.details["before"]["keys"] == 2


def test_the_team_and_the_keys_leave_acts(user: Callable[[str], User]) -> None:
    admin = user("admin")
    ivy, _password = team.add(username="ivy", role="analyst", by=admin)
    team.change(user=ivy, by=admin, role="marketer")
    team.change(user=ivy, by=admin, role="marketer")
    team.change(user=ivy, by=admin, active=False)
    team.change(user=ivy, by=admin, active=True)
    team.reset_password(user=ivy, by=admin)
    key, _text = keys.create(name="shop", scopes=["read"], created_by=admin)
    keys.revoke(key=key, by=admin)
    keys.revoke(key=key, by=admin)
    assert [verb for verb, _kind, _label in told()] == [
        "added", "role_changed", "kept_out", "let_in", "password_reset", "created", "revoked",
    ]  # fmt: skip
    assert Act.objects.get(verb="role_changed").details == {"role": ["analyst", "marketer"]}


def test_a_reset_password_is_good_for_one_sign_in_and_ends_the_old_one(user: Callable[[str], User]) -> None:
    admin, ivy = user("admin"), user("marketer")
    before = ivy.password
    password = team.reset_password(user=ivy, by=admin)
    ivy.refresh_from_db()
    assert ivy.check_password(password)
    assert ivy.must_change_password
    assert ivy.password != before
    with pytest.raises(team.Oneself):
        team.reset_password(user=admin, by=admin)


def test_everybody_opened_in_bulk_can_be_told_who_looked(ada: Customer, bo: Customer) -> None:
    zoe = person("Zoe")
    list(reveal.export_contacts([ada.pk, bo.pk], actor="user:1", reason="export"))
    reveal.reveal(customer=ada, actor="user:2", reason="she called")
    assert set(audit.openings_of(ada.pk).values_list("actor", flat=True)) == {"user:1", "user:2"}
    assert set(audit.openings_of(bo.pk).values_list("actor", flat=True)) == {"user:1"}
    assert not audit.openings_of(zoe.pk).exists()


def test_sending_and_masks_list_nobody(ada: Customer, bo: Customer) -> None:
    for actor in ("sending", "mask"):
        audit.opened(customer_ids=[ada.pk, bo.pk], seal="contact", actor=actor, reason="a batch")
    assert list(Opening.objects.values_list("subjects", flat=True)) == [[], []]
