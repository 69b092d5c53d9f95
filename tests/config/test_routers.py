"""Wrapped keys live in the keystore database and nothing else does."""

import pytest
from django.apps import apps
from django.db import connections, router

from config.routers import KEYSTORE_MODELS
from crm.customers.models import Customer
from crm.privacy.models import PersonKey

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def tables(database: str) -> set[str]:
    with connections[database].cursor() as cursor:
        return set(connections[database].introspection.table_names(cursor))


def test_keys_are_read_and_written_in_the_keystore_only() -> None:
    assert router.db_for_read(PersonKey) == router.db_for_write(PersonKey) == "keystore"
    assert router.db_for_read(Customer) == router.db_for_write(Customer) == "default"


def test_each_table_exists_in_one_database_only() -> None:
    both = tables("default") & tables("keystore")
    assert both <= {"django_migrations"}
    assert tables("keystore") - {"django_migrations"} == {PersonKey._meta.db_table}
    expected = {
        model._meta.db_table
        for model in apps.get_models()
        if (model._meta.app_label, model._meta.model_name) not in KEYSTORE_MODELS
    }
    assert expected <= tables("default")


def test_a_data_migration_names_its_database() -> None:
    assert router.allow_migrate("keystore", "crm", database="keystore")
    assert not router.allow_migrate("default", "crm", database="keystore")
    assert not router.allow_migrate("keystore", "crm", model_name="customer")
    assert not router.allow_migrate("keystore", "auth")
    assert router.allow_migrate("default", "auth")
