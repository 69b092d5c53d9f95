"""Which offers may be promised, when, and for which department."""

from datetime import date
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns.offers.models import Offer


class OfferStanding(StrEnum):
    """Whether an offer may be promised on a day."""

    VALID = "valid"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    ARCHIVED = "archived"


def standing(offer: Offer, day: date | None = None) -> OfferStanding:
    """Return how an offer stands on a day (today in the workspace's time zone by default); both ends count as valid."""
    day = day or timezone.localdate()
    if offer.archived_at is not None:
        return OfferStanding.ARCHIVED
    if offer.valid_until and offer.valid_until < day:
        return OfferStanding.EXPIRED
    if offer.valid_from and offer.valid_from > day:
        return OfferStanding.NOT_YET
    return OfferStanding.VALID


def eligible(day: date | None = None) -> QuerySet[Offer]:
    """Return the offers that may be promised on a day."""
    day = day or timezone.localdate()
    return Offer.objects.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=day),
        Q(valid_until__isnull=True) | Q(valid_until__gte=day),
        archived_at__isnull=True,
    )
