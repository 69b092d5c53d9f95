"""Making, changing and putting away offers."""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.offers.models import Offer
from crm.access import acts
from crm.access.acts import By
from crm.access.verbs import Verb

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class OfferTerms:
    """What an offer says."""

    name: str
    name_zh: str = ""
    kind: str = Offer.Kind.PERCENT
    value: Decimal = ZERO
    """Percent, money in the workspace's currency, or points, by kind."""
    cost: Decimal = ZERO
    """Expected cost of one redemption, in the workspace's currency."""
    code: str = ""
    department: str = ""
    url: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


def check(terms: OfferTerms) -> None:
    """Raise ValidationError (by field) where the terms cannot be kept or cannot be said."""
    wrong: dict[str, ValidationError] = {}
    if not terms.name.strip():
        wrong["name"] = ValidationError(_("Give the offer a name."))
    if terms.kind not in Offer.Kind.values:
        wrong["kind"] = ValidationError(_("Choose what kind of offer it is."))
    if terms.kind == Offer.Kind.PERCENT and not ZERO < terms.value < 100:
        wrong["value"] = ValidationError(_("A discount is more than 0 and less than 100 percent."))
    if terms.kind in {Offer.Kind.AMOUNT, Offer.Kind.POINTS} and terms.value <= 0:
        wrong["value"] = ValidationError(_("Say how much: a figure above 0."))
    if terms.value < 0:
        wrong["value"] = ValidationError(_("This cannot be below 0."))
    if terms.cost < 0:
        wrong["cost"] = ValidationError(_("This cannot be below 0."))
    if terms.valid_from and terms.valid_until and terms.valid_until < terms.valid_from:
        wrong["valid_until"] = ValidationError(_("The last day lies before the first."))
    if terms.url:
        try:
            URLValidator(schemes=["http", "https"])(terms.url)
        except ValidationError:
            wrong["url"] = ValidationError(_("Give a whole address that begins with https:// or http://."))
    if wrong:
        raise ValidationError(wrong)


@transaction.atomic(durable=True)
def create(*, terms: OfferTerms, by: By = None) -> Offer:
    """Make an offer. Raises ValidationError where the terms are wrong."""
    check(terms)
    row = Offer.objects.create(**asdict(terms))
    acts.record(by=by, verb=Verb.CREATED, on=row)
    return row


@transaction.atomic(durable=True)
def change(*, offer: Offer, terms: OfferTerms, by: By = None) -> Offer:
    """Change an offer's terms; mails already frozen into deliveries keep the terms they were written with.

    Raises ValidationError where the terms are wrong.
    """
    check(terms)
    row = Offer.objects.select_for_update().get(pk=offer.pk)
    said = asdict(terms)
    acts.record(by=by, verb=Verb.CHANGED, on=row, **acts.changes({name: getattr(row, name) for name in said}, said))
    for name, value in said.items():
        setattr(row, name, value)
    row.save()
    return row


@transaction.atomic(durable=True)
def archive(*, offer: Offer, by: By = None) -> None:
    """Put an offer away; it stays in the reports of the campaigns that used it."""
    if Offer.objects.filter(pk=offer.pk, archived_at__isnull=True).update(archived_at=timezone.now()):
        acts.record(by=by, verb=Verb.ARCHIVED, on=offer)


@transaction.atomic(durable=True)
def restore(*, offer: Offer, by: By = None) -> None:
    """Take an offer out of the archive."""
    if Offer.objects.filter(pk=offer.pk, archived_at__isnull=False).update(archived_at=None):
        acts.record(by=by, verb=Verb.RESTORED, on=offer)
