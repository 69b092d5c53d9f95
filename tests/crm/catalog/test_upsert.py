"""Products in bulk."""

import pytest

from crm.catalog.models import Product
from crm.catalog.upsert import add_bare, upsert_products

pytestmark = pytest.mark.django_db


def test_new_products_are_added_and_known_ones_changed_only_where_the_rows_say_so() -> None:
    row = {"sku": "A", "name": "Lamp", "category": "Home > Light", "stock": 4, "tags": ["warm"], "attributes": {"w": 5}}
    assert upsert_products([row, {"sku": "B", "name": "Shade"}]) == (2, 0)
    assert Product.objects.get(sku="A").department == "Home"
    assert upsert_products([{"sku": "A", "name": "Lamp", "attributes": {"v": 230}}]) == (0, 1)
    lamp = Product.objects.get(sku="A")
    assert (lamp.stock, lamp.tags, lamp.attributes) == (4, ["warm"], {"w": 5, "v": 230})
    assert upsert_products([{"sku": "A", "name": "Lamp"}]) == (0, 0)


def test_of_two_rows_with_one_sku_the_last_counts() -> None:
    assert upsert_products([{"sku": "A", "name": "Lamp"}, {"sku": "A", "name": "Lantern"}]) == (1, 0)
    assert Product.objects.get().name == "Lantern"


def test_a_bare_product_never_changes_one_that_is_known() -> None:
    upsert_products([{"sku": "A", "name": "Lamp"}])
    assert add_bare([{"sku": "A", "name": "?"}, {"sku": "B", "name": "b"}]) == 1
    assert Product.objects.get(sku="A").name == "Lamp"


def test_a_long_text_is_cut_to_its_column() -> None:
    upsert_products([{"sku": "A", "name": "x" * 500, "category": "y" * 300}])
    lamp = Product.objects.get()
    assert (len(lamp.name), len(lamp.category), len(lamp.department)) == (200, 200, 80)
