"""Tests that really write empty the databases behind them; nobody after them may find less than a new shop has."""

import pytest
from django.core.management import call_command

from recommendations.serving.models import Placement


@pytest.mark.django_db
def test_an_emptied_database_has_the_usual_placements_again() -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert Placement.objects.count() == 4
