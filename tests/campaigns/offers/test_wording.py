"""What an offer is worth, in words."""

from datetime import date
from decimal import Decimal

import pytest
from pytest_django import Settings

from campaigns.emails.variables import PLAIN
from campaigns.offers.models import Offer
from campaigns.offers.wording import context, in_full, in_words


@pytest.mark.parametrize(
    ("percent", "english", "chinese"),
    [
        ("15", "15% off", "85 折"),
        ("20", "20% off", "8 折"),
        ("50", "50% off", "5 折"),
        ("12.5", "12.5% off", "8.75 折"),
        ("95", "95% off", "0.5 折"),
        ("90", "90% off", "1 折"),
        ("1", "1% off", "99 折"),
    ],
)
def test_a_discount_says_what_is_taken_off_in_english_and_what_is_left_in_chinese(
    percent: str, english: str, chinese: str
) -> None:
    offer = Offer(kind=Offer.Kind.PERCENT, value=Decimal(percent))
    assert in_words(offer, "en") == english
    assert in_words(offer, "zh-hans") == chinese


def test_money_is_written_in_the_workspaces_currency(settings: Settings) -> None:
    settings.WORKSPACE_CURRENCY = "EUR"
    assert in_words(Offer(kind=Offer.Kind.AMOUNT, value=Decimal("10.00")), "en") == "€10 off"
    assert in_words(Offer(kind=Offer.Kind.AMOUNT, value=Decimal("1234.50")), "en") == "€1,234.50 off"
    settings.WORKSPACE_CURRENCY = "CNY"
    assert in_words(Offer(kind=Offer.Kind.AMOUNT, value=Decimal("50")), "zh-hans") == "立减 ¥50"


def test_every_kind_of_offer_has_words_in_every_language() -> None:
    for kind in Offer.Kind.values:
        for language in ("en", "zh-hans"):
            for value in (Decimal(0), Decimal(30)):
                words = in_words(Offer(kind=kind, value=value), language)
                assert words and "{" not in words


def test_an_offer_for_one_department_says_so() -> None:
    offer = Offer(kind=Offer.Kind.PERCENT, value=Decimal(20), department="Coffee")
    assert in_full(offer, "en") == "20% off on Coffee"
    assert in_full(offer, "zh-hans") == "Coffee 8 折"


def test_a_mail_learns_name_words_code_and_last_day() -> None:
    offer = Offer(name="Spring", name_zh="春季", value=Decimal(15), code="SPRING15", valid_until=date(2030, 3, 31))
    assert context(offer, "en") == {
        "name": "Spring",
        "code": "SPRING15",
        "value_text": "15% off",
        "valid_until": "31 March 2030",
        "url": "",
    }
    assert context(offer, "zh-hans") | {"url": ""} == {
        "name": "春季",
        "code": "SPRING15",
        "value_text": "85 折",
        "valid_until": "2030年3月31日",
        "url": "",
    }


def test_a_mail_can_print_all_that_the_editor_lists_about_offers() -> None:
    listed = {name.removeprefix("offer.") for name in PLAIN if name.startswith("offer.")}
    assert listed == set(context(Offer(value=Decimal(15)), "en"))
