"""The cast: four invented people, and a browser signed in as each role.

Ada allows everything and buys. Bo allowed everything and then unsubscribed. Cy asked to be erased. Dee never said who
she is. A test that uses one of them must mark itself `django_db(databases=["default", "keystore"])`.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck, settings

from crm.access.models import User
from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import AnonymousId, Customer
from crm.interactions import partitions
from crm.interactions.models import Interaction
from crm.privacy import erasure, vault
from crm.privacy.vault import Sealing
from lib import kept
from recommendations.serving import placing

NEVER_EMPTIED = ("crm_act", "crm_opening", "crm_consentevent")
EVERYTHING = Purpose((1 << len(Purpose)) - 1)
PASSWORD = "a long invented password"
FIRST_ORDER = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)
# A busy machine is slow, and that says nothing about the code; Hypothesis itself thinks so where it sees CI.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if settings.get_current_profile_name() != "ci":
    settings.load_profile("busy")


@receiver(post_migrate)
def bring_back_what_migrations_made(using: str, app_config: Any, **rest: Any) -> None:
    """Leave a new or emptied database, which says so by this signal, as a new installation has it.

    Tests that really write empty what nobody else may; the one that tries it puts the refusal back.
    """
    if using == "default" and app_config.label == "recommendations":
        placing.restore_usual()
        with connection.cursor() as cursor:
            # What waits for the end of a transaction would forbid to alter the tables.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in NEVER_EMPTIED:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER never_emptied")
            cursor.execute("TRUNCATE crm_act")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Releases, models, imports and certificates of a test go to a folder of its own."""
    settings.RELEASE_DIR = tmp_path / "releases"
    settings.MODEL_DIR = tmp_path / "models"
    settings.IMPORT_DIR = tmp_path / "imports"
    settings.CERTIFICATE_DIR = tmp_path / "certificates"
    yield


@pytest.fixture
def own_sender(settings: Any) -> str:
    """Sender and postal address as a company sets them; with examples nothing goes to a mail server of one's own."""
    settings.SENDER_ADDRESS, settings.POSTAL_ADDRESS = "news@lamps.internal", "2 Lamp Street, Lampton"
    return str(settings.SENDER_ADDRESS)


@pytest.fixture(autouse=True)
def own_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a figure that was kept while another ran."""
    monkeypatch.setattr(kept, "PREFIX", f"kept:{uuid4()}")


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """A page asked for in Chinese leaves its language behind in the thread; no other test speaks it."""
    translation.deactivate()
    yield
    translation.deactivate()


def person(name: str, **fields: Any) -> Customer:
    """Make a sealed, invented person at example.com."""
    customer = Customer.objects.create(external_id=name.lower(), country="FR", language="en", **fields)
    names = {"first_name": name, "last_name": "Invented"}
    vault.seal_many(
        [Sealing(customer.pk, customer.uuid, email=f"{name.lower()}@example.com", phone="", identity=names)]
    )
    return customer


def buys(customer: Customer, product: Product, at: datetime, order: str, **fields: Any) -> None:
    """Append one order line, its month's partition made first."""
    partitions.ensure([at.date()])
    Interaction.objects.create(
        customer=customer,
        kind="order",
        product=product,
        value=fields.pop("value", product.price),
        quantity=1,
        currency="EUR",
        order_id=order,
        channel="web",
        occurred_at=at,
        source="test",
        message_id=f"{order}-{product.pk}",
        **fields,
    )


@pytest.fixture
def lamp(db: None) -> Product:
    """Something to buy."""
    return Product.objects.create(
        sku="LAMP-1",
        name="Reading lamp",
        category="Home > Light",
        department="Home",
        brand="Invented",
        price="40.00",
        currency="EUR",
        translations={"zh-hans": {"name": "阅读灯"}},
    )


@pytest.fixture
def ada(db: None, lamp: Product) -> Customer:
    """She allows everything and has bought three times."""
    customer = person("Ada", region="Nowhere", age_band="30-39", gender="female", first_seen=FIRST_ORDER)
    decide.grant(customer=customer, purposes=EVERYTHING, source="test", occurred_at=FIRST_ORDER)
    for month in range(3):
        buys(customer, lamp, FIRST_ORDER + timedelta(days=31 * month), f"ORDER-ADA-{month}")
    return customer


@pytest.fixture
def bo(db: None, lamp: Product) -> Customer:
    """He allowed everything, bought once, and then unsubscribed."""
    customer = person("Bo", first_seen=FIRST_ORDER)
    decide.grant(customer=customer, purposes=EVERYTHING, source="test", occurred_at=FIRST_ORDER)
    buys(customer, lamp, FIRST_ORDER, "ORDER-BO-0")
    decide.object_to_marketing(customer=customer, source="unsubscribe link")
    return customer


@pytest.fixture
def cy(db: None, lamp: Product) -> Customer:
    """They allowed everything, bought once, and were then erased."""
    customer = person("Cy", first_seen=FIRST_ORDER)
    decide.grant(customer=customer, purposes=EVERYTHING, source="test", occurred_at=FIRST_ORDER)
    buys(customer, lamp, FIRST_ORDER, "ORDER-CY-0")
    erasure.erase(customer=customer, actor="test")
    customer.refresh_from_db()
    return customer


@pytest.fixture
def dee(db: None) -> Customer:
    """Her browser has an id; who she is nobody knows."""
    customer = Customer.objects.create(source="web", first_seen=FIRST_ORDER)
    AnonymousId.objects.create(value="anonymous-dee", customer=customer)
    return customer


@cache
def hashed() -> str:
    """PASSWORD as it is stored: hashing is slow on purpose, and half of the tests sign somebody in."""
    return make_password(PASSWORD)


@pytest.fixture
def user(db: None) -> Callable[[str], User]:
    """A person of the company, by role: user("admin")."""

    def made(role: str) -> User:
        return User.objects.create(
            username=role, email=f"{role}@example.com", password=hashed(), role=role, is_staff=role == "admin"
        )

    return made


@pytest.fixture
def admin(user: Callable[[str], User]) -> Client:
    """A browser signed in as an administrator."""
    return _signed_in(user("admin"))


@pytest.fixture
def marketer(user: Callable[[str], User]) -> Client:
    """A browser signed in as a marketer."""
    return _signed_in(user("marketer"))


@pytest.fixture
def analyst(user: Callable[[str], User]) -> Client:
    """A browser signed in as an analyst, who sees masked data."""
    return _signed_in(user("analyst"))


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
