"""REST: who may ask for what, masked unless asked and allowed, every row exactly once, and a schema that tells it."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from crm.access import keys
from crm.catalog.models import Product
from crm.customers.models import Customer
from crm.interactions.models import Interaction
from crm.privacy.models import Opening
from tests.architecture.test_borders import routes
from tests.conftest import FIRST_ORDER, buys, person
from tests.queries import queries_of

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
LISTS = ["customers", "products", "interactions"]


def program(*scopes: str, **fields: Any) -> Client:
    """A program with a key of its own."""
    _row, text = keys.create(name="test", scopes=list(scopes), created_by=None, **fields)
    return Client(headers={"authorization": f"Bearer {text}"})


def rows(browser: Client, address: str) -> list[dict[str, Any]]:
    """Walk all pages."""
    found: list[dict[str, Any]] = []
    while address:
        answer = browser.get(address)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        found += page["results"]
        address = page["next"]
    return found


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("scope", "status"), [("read", 200), ("read_contact", 200), ("write", 200), ("ingest", 403), ("", 401)]
)
def test_reading_needs_a_key_that_may_read(name: str, scope: str, status: int) -> None:
    caller = program(scope) if scope else Client()
    assert caller.get(f"/api/v1/{name}/").status_code == status


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("scope", ["read", "write"])
@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
def test_nothing_is_written_here(name: str, scope: str, verb: str, lamp: Product) -> None:
    answer = getattr(program(scope), verb)(f"/api/v1/{name}/")
    assert answer.status_code == (405 if scope == "write" else 403)
    assert Product.objects.count() == 1


def test_a_revoked_and_an_expired_key_are_refused() -> None:
    row, text = keys.create(name="test", scopes=["read"], created_by=None)
    caller = Client(headers={"authorization": f"Bearer {text}"})
    assert caller.get("/api/v1/products/").status_code == 200
    keys.revoke(key=row)
    answer = caller.get("/api/v1/products/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert program("read", expires_at=timezone.now()).get("/api/v1/products/").status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
@pytest.mark.parametrize("text", ["", "x", "relata_000000000000_" + "y" * 43])
def test_a_key_that_is_none_is_refused(scheme: str, text: str) -> None:
    caller = Client(headers={"authorization": f"{scheme} {text}"})
    assert caller.get("/api/v1/products/").status_code == 401


def test_a_key_may_come_as_a_user_name_too() -> None:
    _row, text = keys.create(name="test", scopes=["read"], created_by=None)

    def asked(plain: bytes) -> int:
        coded = base64.b64encode(plain).decode()
        return Client(headers={"authorization": f"Basic {coded}"}).get("/api/v1/products/").status_code

    assert asked(f"{text}:".encode()) == 200
    assert asked(b"relata_\x00\x00_\x00:") == 401
    assert asked(b"\xff\xfe") == 401
    assert Client(headers={"authorization": "Basic %%%"}).get("/api/v1/products/").status_code == 401


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst"])
def test_people_who_are_signed_in_may_read(role: str, request: Any, lamp: Product) -> None:
    browser: Client = request.getfixturevalue(role)
    assert [row["sku"] for row in rows(browser, "/api/v1/products/")] == ["LAMP-1"]


def test_a_customer_is_masked_by_default(ada: Customer) -> None:
    for address in ("/api/v1/customers/", f"/api/v1/customers/{ada.uuid}/"):
        answer = program("read_contact").get(address)
        text = answer.content.decode()
        assert "example.com" not in text
        assert "Invented" not in text
    told = answer.json()
    assert (told["uuid"], told["external_id"], told["country"]) == (str(ada.uuid), "ada", "FR")
    assert "recommendation" in told["permissions"]
    assert "id" not in told and "contact" not in told
    assert not Opening.objects.exists()


def test_contact_data_needs_its_scope_and_is_logged(ada: Customer, bo: Customer) -> None:
    row, text = keys.create(name="tool", scopes=["read_contact"], created_by=None)
    caller = Client(headers={"authorization": f"Bearer {text}"})
    told = caller.get(f"/api/v1/customers/{ada.uuid}/?contact=1").json()
    assert (told["contact"]["email"], told["contact"]["first_name"]) == ("ada@example.com", "Ada")
    opened = set(Opening.objects.values_list("seal", "count", "actor", "customer"))
    actor = f"api:{row.prefix}"
    assert opened == {("contact", 1, actor, ada.pk), ("identity", 1, actor, ada.pk)}
    listed = caller.get("/api/v1/customers/?contact=true").json()["results"]
    assert {one["contact"]["email"] for one in listed} == {"ada@example.com", "bo@example.com"}
    assert Opening.objects.filter(count=2, actor=actor).count() == 2


@pytest.mark.parametrize("scope", ["read", "write"])
def test_contact_data_is_refused_to_other_keys(scope: str, ada: Customer) -> None:
    for address in ("/api/v1/customers/", f"/api/v1/customers/{ada.uuid}/"):
        answer = program(scope).get(f"{address}?contact=1")
        assert answer.status_code == 403
        assert b"example.com" not in answer.content
    assert not Opening.objects.exists()


def test_people_get_contact_data_by_role(ada: Customer, analyst: Client, marketer: Client) -> None:
    address = f"/api/v1/customers/{ada.uuid}/?contact=1"
    assert analyst.get(address).status_code == 403
    told = marketer.get(address)
    assert told.json()["contact"]["email"] == "ada@example.com"
    assert Opening.objects.first().actor == f"user:{told.wsgi_request.user.pk}"  # type: ignore[union-attr]


def test_the_erased_and_the_anonymous_have_no_contact_data(cy: Customer, dee: Customer) -> None:
    listed = rows(program("read_contact"), "/api/v1/customers/?contact=1")
    assert [one["contact"] for one in listed] == [{}, {}]
    assert {one["state"] for one in listed} == {"active", "erased"}


def test_planted_people_are_nowhere(ada: Customer) -> None:
    Customer.objects.filter(pk=ada.pk).update(canary=True)
    caller = program("read_contact")
    assert rows(caller, "/api/v1/customers/") == []
    assert caller.get(f"/api/v1/customers/{ada.uuid}/").status_code == 404
    assert rows(caller, "/api/v1/interactions/") == []
    assert rows(caller, f"/api/v1/interactions/?customer={ada.uuid}") == []


def many_customers() -> None:
    Customer.objects.bulk_create(Customer(external_id=f"c-{number:03d}") for number in range(25))


def many_products() -> None:
    Product.objects.bulk_create(Product(sku=f"s-{number:03d}", name="Thing") for number in range(25))


def many_interactions() -> None:
    """All at one moment, as a shop that knows only the day would send them."""
    lamp, who = Product.objects.create(sku="LAMP", name="Lamp", price="1.00"), person("Busy")
    for number in range(25):
        buys(who, lamp, FIRST_ORDER, f"O-{number:03d}")


@pytest.mark.parametrize(
    ("name", "field", "make"),
    [
        ("customers", "external_id", many_customers),
        ("products", "sku", many_products),
        ("interactions", "order_id", many_interactions),
    ],
)
def test_a_walk_through_the_pages_meets_every_row_once_newest_first(
    name: str, field: str, make: Callable[[], None]
) -> None:
    make()
    caller = program("read")
    address = f"/api/v1/{name}/?limit=4"
    first = caller.get(address).json()
    assert len(first["results"]) == 4
    assert set(first) == {"next", "previous", "results"}
    walked = [row[field] for row in rows(caller, address)]
    assert len(walked) == 25
    assert walked == sorted(set(walked), reverse=True)
    second = caller.get(first["next"]).json()
    assert caller.get(second["previous"]).json()["results"] == first["results"]


def test_rows_that_arrive_during_a_walk_neither_repeat_nor_skip_others() -> None:
    many_products()
    caller = program("read")
    first = caller.get("/api/v1/products/?limit=10").json()
    many = [Product(sku=f"t-{number}", name="New") for number in range(30)]
    Product.objects.bulk_create(many)
    walked = [row["sku"] for row in first["results"]] + [row["sku"] for row in rows(caller, first["next"])]
    assert walked == [f"s-{number:03d}" for number in reversed(range(25))]


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "99999999"])
def test_a_limit_that_makes_no_sense_falls_back_or_is_capped(limit: str) -> None:
    many_products()
    assert len(program("read").get(f"/api/v1/products/?limit={limit}").json()["results"]) == 25


@pytest.mark.parametrize("position", ["1' OR 1=1", "x", "-1", "1.5", "9" * 40, "9" * 12])
def test_a_cursor_that_was_tampered_with_is_refused_or_harmless(position: str) -> None:
    many_products()
    caller = program("read")
    assert caller.get("/api/v1/products/?cursor=!!!").status_code in {200, 404}
    forged = base64.b64encode(urlencode({"p": position}).encode()).decode()
    answer = caller.get("/api/v1/products/", {"cursor": forged})
    assert answer.status_code == (200 if position == "9" * 12 else 404)


def test_lists_are_narrowed_by_what_is_asked(ada: Customer, bo: Customer, lamp: Product) -> None:
    Customer.objects.filter(pk=bo.pk).update(country="DE", language="de", state="restricted")
    caller = program("read")
    for query in ("country=FR", "language=en", "state=active", "external_id=ada"):
        assert [row["uuid"] for row in rows(caller, f"/api/v1/customers/?{query}")] == [str(ada.uuid)]
    assert [row["sku"] for row in rows(caller, "/api/v1/products/?department=Home&sku=LAMP-1")] == ["LAMP-1"]
    assert rows(caller, "/api/v1/products/?department=Garden") == []
    assert caller.get(f"/api/v1/products/{lamp.pk}/").json()["price"] == "40.00"
    assert caller.get(f"/api/v1/products/{lamp.pk + 1}/").status_code == 404
    assert caller.get(f"/api/v1/customers/{uuid4()}/").status_code == 404


def test_interactions_are_narrowed_by_customer_and_kind(ada: Customer, bo: Customer, lamp: Product) -> None:
    Interaction.objects.create(
        customer=ada,
        kind="view",
        occurred_at=FIRST_ORDER + timedelta(hours=1),
        source="test",
        message_id="view-1",
    )
    caller = program("read")
    of_ada = rows(caller, f"/api/v1/interactions/?customer={ada.uuid}")
    assert {row["customer"] for row in of_ada} == {str(ada.uuid)}
    assert len(of_ada) == 4
    (view,) = rows(caller, "/api/v1/interactions/?kind=view")
    assert (view["sku"], view["kind"], view["customer"]) == (None, "view", str(ada.uuid))
    assert len(rows(caller, f"/api/v1/interactions/?kind=order&customer={bo.uuid}")) == 1
    assert rows(caller, f"/api/v1/interactions/?customer={uuid4()}") == []


@pytest.mark.parametrize("query", ["kind=nothing", "customer=ada", "kind=%27", "customer=1"])
def test_interactions_of_no_kind_or_of_no_id_are_a_mistake_of_the_caller(query: str) -> None:
    answer = program("read").get(f"/api/v1/interactions/?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json()


@pytest.mark.parametrize("address", ["customers/?country=%00", "products/?sku=a%00b", "interactions/?kind=%00"])
def test_a_nul_in_the_address_is_a_mistake_of_the_caller(address: str) -> None:
    assert program("read").get(f"/api/v1/{address}").status_code == 400


@pytest.mark.parametrize(("name", "make"), [("customers", many_customers), ("interactions", many_interactions)])
def test_many_rows_cost_as_many_queries_as_one(name: str, make: Callable[[], None], ada: Customer) -> None:
    caller = program("read_contact")
    one = queries_of(caller, f"/api/v1/{name}/?limit=1")
    make()
    assert queries_of(caller, f"/api/v1/{name}/?limit=100") <= one + 1


def test_the_schema_is_valid_without_a_warning_and_lists_every_route() -> None:
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(schema)
    assert not GENERATOR_STATS, GENERATOR_STATS.emit_summary()
    told = {path.split("{")[0] for path in schema["paths"]}
    api = next(one for one in get_resolver().url_patterns if str(one.pattern) == "api/v1/")
    for name, pattern in routes([api]):
        start = f"/api/v1/{str(pattern.pattern).split('<')[0]}"
        assert start in told, f"{name} is not in the schema"
    assert schema["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"


def test_the_schema_is_served_to_who_may_read() -> None:
    assert Client().get("/api/schema/").status_code == 401
    assert program("ingest").get("/api/schema/").status_code == 403
    answer = program("read").get("/api/schema/")
    assert answer.status_code == 200
    assert b"/api/v1/customers/{uuid}/" in answer.content


def test_a_schema_is_given_to_people_too(analyst: Client) -> None:
    assert analyst.get("/api/schema/").status_code == 200
