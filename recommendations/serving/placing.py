"""Placements written down and found: one function each for making, changing and taking away."""

from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.access import acts
from crm.access.acts import By
from crm.access.verbs import Verb
from recommendations.serving.models import Placement
from recommendations.serving.rules import NO_RULES, Rules

EMAIL = "email"
"""The key of the placement whose rules hold in mails."""


@dataclass(frozen=True, kw_only=True)
class PlacementTerms:
    """All that a placement says; see models.Placement."""

    key: str
    name: str
    kind: str = Placement.Kind.PERSONAL
    length: int = 10
    categories_in: tuple[str, ...] = ()
    categories_out: tuple[str, ...] = ()
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    rest_days: int = 0
    exploration: float = 0.0


USUAL = (
    PlacementTerms(key="home", name="Home page", length=10),
    PlacementTerms(key="product", name="Product page", kind=Placement.Kind.SIMILAR, length=8),
    PlacementTerms(key="basket", name="Basket", kind=Placement.Kind.TOGETHER, length=6),
    PlacementTerms(key=EMAIL, name="E-mail", length=4),
)
"""The places nearly every shop has; a new installation starts with them."""


def find(key: str) -> Placement | None:
    """Return the placement of a key, None when there is none."""
    return Placement.objects.filter(key=key).first()


def rules_of(key: str) -> Rules:
    """Return what must not be in a placement's list; nothing is kept out where there is no such placement."""
    found = find(key)
    return found.rules if found else NO_RULES


def terms_of(placement: Placement) -> PlacementTerms:
    """Return what a placement says."""
    values = {field.name: getattr(placement, field.name) for field in fields(PlacementTerms)}
    return PlacementTerms(**values | {name: tuple(values[name]) for name in ("categories_in", "categories_out")})


@transaction.atomic
def create(*, terms: PlacementTerms, by: By = None) -> Placement:
    """Make a placement. Raises ValidationError where its terms make no sense or the key is taken."""
    row = _saved(Placement(), terms)
    acts.record(by=by, verb=Verb.CREATED, on=row)
    return row


@transaction.atomic(durable=True)
def change(*, placement: Placement, terms: PlacementTerms, by: By = None) -> Placement:
    """Change a placement. Raises ValidationError where its terms make no sense or the key is taken."""
    row = Placement.objects.select_for_update().get(pk=placement.pk)
    before = asdict(terms_of(row))
    row = _saved(row, terms)
    acts.record(by=by, verb=Verb.CHANGED, on=row, **acts.changes(before, asdict(terms_of(row))))
    return row


@transaction.atomic(durable=True)
def remove(*, placement: Placement, by: By = None) -> None:
    """Take a placement away; what was shown in it stays, without saying where."""
    acts.record(by=by, verb=Verb.REMOVED, on=placement)
    Placement.objects.filter(pk=placement.pk).delete()


@transaction.atomic
def restore_usual(*, by: By = None) -> list[Placement]:
    """Make those of USUAL that are missing; return them."""
    known = set(Placement.objects.values_list("key", flat=True))
    return [create(terms=terms, by=by) for terms in USUAL if terms.key not in known]


def _saved(row: Placement, terms: PlacementTerms) -> Placement:
    values: dict[str, Any] = asdict(terms)
    values |= {name: sorted({*values[name]}) for name in ("categories_in", "categories_out")}
    if terms.price_from is not None and terms.price_to is not None and terms.price_from > terms.price_to:
        raise ValidationError({"price_to": _("The highest price is below the lowest.")})
    for name, value in values.items():
        setattr(row, name, value)
    row.full_clean()
    row.save()
    return row
