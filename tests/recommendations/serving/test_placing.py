"""Placements: the usual four, terms that make sense, and what happens to what was shown when one goes."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.consents import decide
from crm.consents.purposes import Purpose
from recommendations.models import Placement, Shown
from recommendations.serving import placing, shown
from recommendations.serving.placing import PlacementTerms
from recommendations.serving.rules import NO_RULES
from tests.conftest import person

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def test_a_new_installation_has_the_usual_placements() -> None:
    made = {row.key: (row.name, row.kind, row.length) for row in Placement.objects.all()}
    assert made == {terms.key: (terms.name, terms.kind, terms.length) for terms in placing.USUAL}
    assert placing.restore_usual() == []
    Placement.objects.filter(key="basket").delete()
    assert [row.key for row in placing.restore_usual()] == ["basket"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "home"},
        {"key": "not a slug"},
        {"key": ""},
        {"name": ""},
        {"kind": "everything"},
        {"length": 0},
        {"length": 51},
        {"exploration": 0.21},
        {"exploration": -0.1},
        {"rest_days": -1},
        {"rest_days": 366},
        {"price_from": Decimal(5), "price_to": Decimal(4)},
    ],
)
def test_terms_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        placing.create(terms=PlacementTerms(**{"key": "new", "name": "New", **wrong}))
    assert not placing.find("new")


def test_terms_come_back_as_they_were_given() -> None:
    terms = PlacementTerms(
        key="sale",
        name="Sale",
        kind="popular",
        length=7,
        categories_in=("A > B", "C"),
        price_to=Decimal("9.50"),
        rest_days=3,
        exploration=0.05,
    )
    row = placing.create(terms=terms)
    row.refresh_from_db()
    assert placing.terms_of(row) == terms
    assert row.rules.departments == ["A", "C"]
    assert placing.rules_of("sale") == row.rules
    assert placing.rules_of("gone") == NO_RULES


def test_what_was_shown_outlives_its_placement() -> None:
    ann = person("Ann")
    decide.grant(customer=ann, purposes=Purpose.RECOMMENDATION, source="test")
    row = placing.create(terms=PlacementTerms(key="sale", name="Sale"))
    shown.write([shown.Impression(ann.pk, row.pk, [1], [1], [1.0], None, timezone.now())])
    placing.remove(placement=row)
    assert Shown.objects.get().placement_id is None
