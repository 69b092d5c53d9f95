"""Making, changing and putting away offers; which may be promised."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from campaigns.offers.edit import OfferTerms, archive, change, check, create, restore
from campaigns.offers.eligibility import OfferStanding, eligible, standing
from campaigns.offers.models import Offer

GOOD = OfferTerms(name="Spring", value=Decimal(15))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(GOOD, name=" "), "name"),
        (replace(GOOD, kind="lottery"), "kind"),
        (replace(GOOD, value=Decimal(100)), "value"),
        (replace(GOOD, kind=Offer.Kind.AMOUNT, value=Decimal(0)), "value"),
        (replace(GOOD, kind=Offer.Kind.GIFT, value=Decimal(-1)), "value"),
        (replace(GOOD, cost=Decimal(-1)), "cost"),
        (replace(GOOD, url="javascript:alert(1)"), "url"),
        (replace(GOOD, valid_from=date(2026, 5, 2), valid_until=date(2026, 5, 1)), "valid_until"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(wrong: OfferTerms, field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        check(wrong)
    assert list(refusal.value.message_dict) == [field]


@pytest.mark.django_db
def test_an_offer_is_made_changed_put_away_and_taken_back() -> None:
    offer = create(terms=GOOD)
    changed = change(offer=offer, terms=replace(GOOD, value=Decimal(20)))
    assert changed.pk == offer.pk and Offer.objects.get().value == 20
    archive(offer=offer)
    assert standing(Offer.objects.get()) == OfferStanding.ARCHIVED
    assert not eligible().exists()
    restore(offer=offer)
    assert eligible().exists()


@pytest.mark.django_db
def test_an_offer_holds_on_its_first_and_last_day_and_not_beside_them() -> None:
    offer = create(terms=replace(GOOD, valid_from=date(2026, 5, 1), valid_until=date(2026, 5, 31)))
    expected = {
        date(2026, 4, 30): OfferStanding.NOT_YET,
        date(2026, 5, 1): OfferStanding.VALID,
        date(2026, 5, 31): OfferStanding.VALID,
        date(2026, 6, 1): OfferStanding.EXPIRED,
    }
    for day, how in expected.items():
        assert standing(offer, day) == how
        assert eligible(day).exists() == (how == OfferStanding.VALID)
