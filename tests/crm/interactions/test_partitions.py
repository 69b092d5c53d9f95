"""Monthly partitions."""

from datetime import date

import pytest
from django.db import connection

from crm.interactions.partitions import ensure, month_of, next_month


def test_a_month_begins_on_its_first_day_and_december_is_followed_by_january() -> None:
    assert month_of(date(2024, 2, 29)) == date(2024, 2, 1)
    assert next_month(date(2024, 12, 1)) == date(2025, 1, 1)


@pytest.mark.django_db
def test_a_partition_is_made_once_for_each_month() -> None:
    days = [date(1993, 5, 1), date(1993, 5, 31), date(1993, 6, 1)]
    assert ensure(days) == 2
    assert ensure(days) == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname ~ '^crm_interaction_y1993m0[56]$'")
        assert cursor.fetchone()[0] == 2
