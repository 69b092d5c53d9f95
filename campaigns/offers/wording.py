"""An offer's value in words, in the language of the person who gets it.

These words go into mails, whose languages are the customers' and not those of who reads a page, and the same discount
is a different number in each: 15 percent off is 85 折 (85 percent of the price is left to pay). So they stand here and
not in the catalogues.
"""

from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from django.conf import settings

from campaigns.offers.models import Offer

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "percent": "{number}% off",
        "amount": "{money} off",
        "delivery": "Free delivery",
        "gift": "A free gift",
        "gift_worth": "A free gift worth {money}",
        "points": "{number} extra points",
        "department": "{words} on {department}",
    },
    "zh": {
        "percent": "{fold} 折",
        "amount": "立减 {money}",
        "delivery": "免运费",
        "gift": "赠送礼品",
        "gift_worth": "赠送价值 {money} 的礼品",
        "points": "加赠 {number} 积分",
        "department": "{department} {words}",
    },
}


def in_words(offer: Offer, language: str) -> str:
    """Return what the offer is worth, such as "15% off" or "85 折", without the department it is for."""
    words = WORDS[_family(language)]
    kind = str(offer.kind)
    if kind == Offer.Kind.GIFT and offer.value:
        kind = "gift_worth"
    return words[kind].format(
        number=number(offer.value, language), money=money(offer.value, language), fold=fold(offer.value)
    )


def in_full(offer: Offer, language: str) -> str:
    """Return the value and, where the offer is for one department only, the department."""
    words = in_words(offer, language)
    if not offer.department:
        return words
    return WORDS[_family(language)]["department"].format(words=words, department=offer.department)


def context(offer: Offer, language: str) -> dict[str, str]:
    """Return what a mail may print of an offer: the `offer.…` variables of campaigns.emails.variables."""
    return {
        "name": offer.name_in(language),
        "code": offer.code,
        "value_text": in_words(offer, language),
        "valid_until": day(offer.valid_until, language) if offer.valid_until else "",
        "url": offer.url,
    }


def day(when: date, language: str) -> str:
    """Return a day as people write it: "31 March 2030", "2030年3月31日"."""
    pattern = "y年M月d日" if _family(language) == "zh" else "d MMMM y"
    return str(format_date(when, format=pattern, locale=_locale(language)))


def fold(percent: Decimal) -> str:
    """Return what is left to pay in tenths as Chinese prices say it: 20 percent off is 8, 15 percent off is 85."""
    left = Decimal(100) - percent
    if left == left.to_integral_value() and left % 10 and left > 10:
        return str(int(left))
    return _plain(left / 10)


def number(value: Decimal, language: str) -> str:
    """Return a number with the separators of a language, without zeros after the decimal point."""
    return str(format_decimal(value, format="#,##0.##", locale=_locale(language)))


def money(value: Decimal, language: str) -> str:
    """Return an amount in the workspace's currency; whole amounts are written without decimals."""
    pattern = "¤#,##0" if value == value.to_integral_value() else None
    return str(
        format_currency(
            value,
            settings.WORKSPACE_CURRENCY,
            format=pattern,
            locale=_locale(language),
            currency_digits=pattern is None,
        )
    )


def _family(language: str) -> str:
    return "zh" if language.startswith("zh") else "en"


def _locale(language: str) -> str:
    return "zh_Hans" if language.startswith("zh") else "en"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
