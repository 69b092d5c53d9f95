"""The pages of customers: the list, the portrait with its tabs, opening, consent, erasure."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from crm.catalog.models import Product
from crm.customers.models import Customer
from crm.privacy.models import Opening
from crm.privacy.reveal import PER_HOUR
from recommendations.models import ModelVersion, Recommendation
from segmentation.models import Membership, Portrait, Segment
from tests.campaigns import mailing
from tests.conftest import buys
from tests.queries import queries_of

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
LIST = "/customers/"
TABS = ["overview", "activity", "orders", "recommendations", "messages", "privacy"]
EVIL = "<svg onload=alert(1)>"
ROLES = ["admin", "marketer", "analyst"]


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


def page_of(customer: Customer, tab: str = "overview") -> str:
    return f"/customers/{customer.uuid}/?tab={tab}"


def portray(customer: Customer, **features: Any) -> Portrait:
    """Give somebody a portrait of three orders."""
    known: dict[str, Any] = {
        "orders": 3, "revenue": Decimal("120.00"), "average_order": Decimal("40.00"), "typical_gap_days": 31.0,
        "last_order_at": timezone.now() - timedelta(days=12), "recency_score": 5, "frequency_score": 4,
        "monetary_score": 5, "top_department": "Home", "department_affinity": {"Home": 0.7, "Garden": 0.2, "Toys": 0.1},
    }  # fmt: skip
    return Portrait.objects.create(customer=customer, as_of=timezone.now(), **(known | features))


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_strangers_are_led_to_the_login(ada: Customer) -> None:
    for address in (LIST, f"/customers/{ada.uuid}/"):
        assert Client().get(address).headers["Location"] == f"/login/?next={address}"
    for act in ("reveal", "consent", "erase"):
        assert Client().post(f"/customers/{ada.uuid}/{act}/").status_code == 302
    assert not Opening.objects.exclude(actor="mask").exists()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("tab", TABS)
def test_every_tab_answers_for_everybody_who_works_here(role: str, tab: str, request: Any, ada: Customer) -> None:
    browser: Client = request.getfixturevalue(role)
    portray(ada)
    assert "ada" in text(browser, page_of(ada, tab))


def test_the_list_is_masked_by_role(marketer: Client, analyst: Client, ada: Customer, dee: Customer) -> None:
    seen, masked = text(marketer, LIST), text(analyst, LIST)
    assert "A. I." in seen
    assert "a••@example.com" in seen
    assert "ada@example.com" not in seen + masked
    assert "A. I." not in masked
    assert "@example.com" not in masked
    assert ">ada</a>" in masked
    assert f">{str(dee.uuid)[-12:]}</a>" in masked


def test_an_empty_house_says_what_to_do_first(admin: Client) -> None:
    page = text(admin, LIST)
    assert "No customers yet" in page
    assert "/v1/batch" in page


def test_a_search_that_finds_nobody_offers_to_drop_filters(admin: Client, ada: Customer) -> None:
    assert "No customer matches" in text(admin, f"{LIST}?q=nobody")


def test_an_address_is_searched_by_post_and_never_enters_a_url(marketer: Client, ada: Customer) -> None:
    answer = marketer.post(LIST, {"q": " Ada@Example.com "})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/customers/{ada.uuid}/")
    answer = marketer.post(LIST, {"q": "nobody@example.com"})
    assert answer.headers["Location"] == LIST
    assert marketer.post(LIST, {"q": "ada"}).headers["Location"] == f"{LIST}?q=ada"


def test_an_analyst_cannot_learn_whether_an_address_is_known(analyst: Client, ada: Customer) -> None:
    assert analyst.post(LIST, {"q": "ada@example.com"}).headers["Location"] == LIST


def test_filters_narrow_the_list_and_each_can_be_dropped(admin: Client, ada: Customer, bo: Customer) -> None:
    segment = Segment.objects.create(name=EVIL, kind="fixed")
    Membership.objects.create(segment=segment, customer=bo, since=timezone.now())
    Membership.objects.create(
        segment=segment, customer=ada, since=timezone.now() - timedelta(days=9), until=timezone.now()
    )

    def found(query: str) -> set[str]:
        answer = admin.get(f"{LIST}?{query}")
        assert answer.status_code == 200
        return {row["customer"].external_id for row in answer.context["rows"]}

    assert found("") == {"ada", "bo"}
    assert found(f"segment={segment.pk}") == {"bo"}
    assert found("consent=email_marketing") == {"ada"}
    assert found("consent=no_email_marketing") == {"bo"}
    assert found("country=FR&language=en&q=a") == {"ada"}
    assert found(f"q={bo.uuid}") == {"bo"}
    assert found("state=restricted") == set()
    assert found("state=nonsense&consent=nonsense&segment=nonsense&after=nonsense") == {"ada", "bo"}
    page = text(admin, f"{LIST}?segment={segment.pk}&consent=sms")
    assert EVIL not in page
    assert f'href="?segment={segment.pk}"' in page
    assert 'href="?consent=sms"' in page


def test_the_erased_are_not_listed_unless_asked_for(admin: Client, cy: Customer) -> None:
    assert str(cy.uuid)[-12:] not in text(admin, LIST)
    assert str(cy.uuid)[-12:] in text(admin, f"{LIST}?state=erased")


def test_pages_follow_each_other_without_gap_or_repeat(analyst: Client) -> None:
    moment = timezone.now()
    seen = [None if number % 7 == 0 else moment - timedelta(minutes=number // 3) for number in range(120)]
    Customer.objects.bulk_create(Customer(external_id=f"c-{n}", last_seen=at) for n, at in enumerate(seen))
    address, found = LIST, []
    while address:
        answer = analyst.get(address)
        found += [row["customer"].external_id for row in answer.context["rows"]]
        address = answer.context["next_url"] and LIST + answer.context["next_url"]
    assert len(found) == 120
    assert len(set(found)) == 120


@pytest.mark.parametrize("role", ["admin", "analyst"])
def test_the_queries_of_the_list_do_not_grow_with_its_rows(role: str, request: Any, ada: Customer) -> None:
    browser: Client = request.getfixturevalue(role)
    portray(ada)
    segments = [Segment.objects.create(name=f"S{n}", kind="fixed") for n in range(3)]
    few = queries_of(browser, LIST)
    more = Customer.objects.bulk_create(Customer(external_id=f"c-{n}", last_seen=timezone.now()) for n in range(40))
    for customer in more:
        portray(customer)
        Membership.objects.bulk_create(
            Membership(segment=one, customer=customer, since=timezone.now()) for one in segments
        )
    assert queries_of(browser, LIST) <= few


def test_hostile_names_are_escaped_everywhere(admin: Client) -> None:
    evil = Customer.objects.create(external_id=EVIL, region=EVIL, country="XX", permission=1, timezone=EVIL)
    product = Product.objects.create(sku=EVIL, name=EVIL, category=EVIL, department=EVIL, price="1.00")
    buys(evil, product, timezone.now() - timedelta(days=2), EVIL)
    campaign = Campaign.objects.create(name=EVIL)
    mailing.delivery(campaign, customer=evil)
    portray(evil, top_department=EVIL, department_affinity={EVIL: 1.0, "b": 0.5, "c": 0.2})
    segment = Segment.objects.create(name=EVIL, kind="fixed")
    Membership.objects.create(segment=segment, customer=evil, since=timezone.now())
    for address in (LIST, *(page_of(evil, tab) for tab in TABS)):
        assert "<svg onload" not in text(admin, address), address


def test_the_portrait_shows_figures_charts_features_and_groups(admin: Client, ada: Customer) -> None:
    portray(ada)
    segment = Segment.objects.create(name="Lamp lovers", translations={"zh-hans": {"name": "爱灯人"}}, kind="fixed")
    Membership.objects.create(segment=segment, customer=ada, since=timezone.now())
    page = text(admin, page_of(ada))
    for expected in ("120.00", "usual gap 31", "5 · 4 · 5", "Lamp lovers", "Best customer", "Favourite department"):
        assert expected in page, expected
    assert 'data-chart="radar"' in page
    admin.cookies["django_language"] = "zh-hans"
    assert "爱灯人" in text(admin, page_of(ada))


def test_without_profiling_nothing_is_predicted_but_orders_stay(admin: Client, bo: Customer) -> None:
    page = text(admin, page_of(bo))
    assert "This person does not allow profiling." in page
    assert 'data-chart="radar"' not in page
    assert "Everything the portrait knows" not in page
    assert "ORDER-BO-0" in text(admin, page_of(bo, "orders"))


def test_recommendations_come_with_their_reasons(admin: Client, ada: Customer, lamp: Product) -> None:
    version = ModelVersion.objects.create(state="done", verdict="live")
    other = Product.objects.create(sku="SHADE", name="Lamp shade", price="9.00")
    reason = {"code": "because_you_bought", "product": lamp.pk, "shares": {"because_you_bought": 0.8, "popular": 0.2}}
    Recommendation.objects.create(
        customer=ada, product_ids=[other.pk], scores=[1.5], reasons=[reason], version=version, made_at=timezone.now()
    )
    for tab in ("overview", "recommendations"):
        page = text(admin, page_of(ada, tab))
        assert "Lamp shade" in page
        assert "Because you bought Reading lamp" in page
        assert "80 %" in page


def test_messages_say_why_one_was_not_sent(analyst: Client, ada: Customer) -> None:
    campaign = Campaign.objects.create(name="Autumn")
    mailing.delivery(campaign, customer=ada, state=Delivery.State.SUPPRESSED, reason=Delivery.Reason.NO_CONSENT)
    page = text(analyst, page_of(ada, "messages"))
    assert "Autumn" in page
    assert "No consent to e-mail marketing" in page
    assert "badge-yellow" in page


def test_lines_of_one_order_are_one_line_of_the_activity(analyst: Client, ada: Customer, lamp: Product) -> None:
    moment = timezone.now() - timedelta(days=1)
    for number in range(3):
        buys(ada, Product.objects.create(sku=f"P{number}", name=f"Part {number}", price="2.50"), moment, "BIG-ORDER")
    page = text(analyst, page_of(ada, "activity"))
    assert "Ordered 3 products" in page
    assert page.count("BIG-ORDER") == 1
    assert "7.50 EUR" in page


def test_opening_a_person_needs_a_reason_a_role_and_leaves_a_trace(
    marketer: Client, analyst: Client, ada: Customer
) -> None:
    address = f"/customers/{ada.uuid}/reveal/"
    assert analyst.post(address, {"reason": "curious"}).status_code == 403
    assert marketer.get(address).status_code == 405
    assert marketer.post(address, {"reason": "  "}).status_code == 302
    assert not Opening.objects.filter(actor__startswith="user:").exists()
    answer = marketer.post(address, {"reason": "asked by phone"})
    assert "ada@example.com" in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert set(Opening.objects.filter(customer=ada, reason="asked by phone").values_list("seal", flat=True)) == {
        "contact",
        "identity",
    }
    assert "asked by phone" in text(marketer, page_of(ada, "privacy"))


def test_who_opens_too_many_people_is_stopped(marketer: Client, ada: Customer) -> None:
    actor = f"user:{marketer.session['_auth_user_id']}"
    others = Customer.objects.bulk_create(Customer() for _ in range(PER_HOUR))
    Opening.objects.bulk_create(Opening(customer=one, seal="contact", actor=actor, reason="x") for one in others)
    answer = marketer.post(f"/customers/{ada.uuid}/reveal/", {"reason": "one more"}, follow=True)
    assert "too many people" in answer.content.decode()
    assert "ada@example.com" not in answer.content.decode()


def test_erasing_needs_an_administrator_and_the_word_typed(admin: Client, marketer: Client, ada: Customer) -> None:
    address, word = f"/customers/{ada.uuid}/erase/", ada.uuid.hex[-8:]
    assert f'pattern="{word}"' in text(admin, page_of(ada, "privacy"))
    assert "Erase for good" not in text(marketer, page_of(ada, "privacy"))
    assert marketer.post(address, {"typed": word}).status_code == 403
    admin.post(address, {"typed": "ada"})
    ada.refresh_from_db()
    assert ada.state == Customer.State.ACTIVE
    admin.post(address, {"typed": word})
    ada.refresh_from_db()
    assert ada.state == Customer.State.ERASED
    page = text(admin, page_of(ada, "privacy"))
    assert "This person was erased." in page
    assert "a••@example.com" not in page


def test_a_planted_person_has_no_page(admin: Client) -> None:
    planted = Customer.objects.create(external_id="planted", canary=True)
    assert admin.get(f"/customers/{planted.uuid}/").status_code == 404
    assert "planted" not in text(admin, LIST)
