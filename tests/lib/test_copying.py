"""Rows go into PostgreSQL as they are, by COPY, and what is staged ends with the transaction."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from lib import copying

pytestmark = pytest.mark.django_db
COLUMNS = {
    "id": "bigint",
    "words": "text",
    "money": "numeric(12, 2)",
    "at": "timestamptz",
    "flags": "boolean",
    "ids": "bigint[]",
    "more": "jsonb",
    "raw": "bytea",
}
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
ROW = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.none() | TEXT,
    st.none() | st.decimals(-(10**9), 10**9, places=2),
    st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.none() | st.booleans(),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
    st.dictionaries(TEXT, TEXT | st.integers(-100, 100) | st.none(), max_size=3),
    st.binary(max_size=20),
)


def read(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


@given(st.lists(ROW, max_size=5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_goes_in_comes_out(rows: list[Any]) -> None:
    sent = [(*row[:6], Jsonb(row[6]), row[7]) for row in rows]
    with transaction.atomic():
        assert copying.stage("stage_any", COLUMNS, sent) == len(rows)
        back = read("SELECT id, words, money, at, flags, ids, more::text, raw FROM stage_any ORDER BY ctid")
    assert [(*row[:6], bytes(row[7])) for row in back] == [(*row[:6], row[7]) for row in rows]


def test_a_value_that_looks_like_sql_or_like_a_null_stays_a_value() -> None:
    rows = [("\\N",), ("'; DROP TABLE crm_customer; --",), ("a\tb\nc\\",), (None,), ("",)]
    copying.stage("stage_words", {"words": "text"}, rows)
    assert read("SELECT words FROM stage_words ORDER BY ctid") == rows


def test_a_name_that_needs_quotes_is_quoted() -> None:
    copying.stage('odd "name"; --', {'select "': "int"}, [(1,), (2,)])
    assert read('SELECT sum("select """) FROM "odd ""name""; --"') == [(3,)]


def test_staging_again_starts_anew_and_copying_appends() -> None:
    copying.stage("stage_n", {"n": "int"}, [(1,), (2,)])
    copying.stage("stage_n", {"n": "int"}, ((n,) for n in range(3)))
    assert copying.copy("stage_n", {"n": "int"}, [(7,)]) == 1
    assert read("SELECT n FROM stage_n ORDER BY n") == [(0,), (1,), (2,), (7,)]


def test_rows_of_the_wrong_type_go_in_not_at_all() -> None:
    copying.stage("stage_n", {"n": "int"}, [])
    with pytest.raises(psycopg.DataError), transaction.atomic():
        copying.copy("stage_n", {"n": "int"}, [(1,), ("many",)])
    assert read("SELECT count(*) FROM stage_n") == [(0,)]


def test_money_keeps_its_cents() -> None:
    copying.stage("stage_money", {"money": "numeric(14, 2)"}, [(Decimal("0.10"),), (Decimal("999999999999.99"),)])
    assert read("SELECT sum(money) FROM stage_money") == [(Decimal("1000000000000.09"),)]


@pytest.mark.django_db(transaction=True)
def test_a_staged_table_ends_with_its_transaction_and_a_lasting_one_when_it_is_dropped() -> None:
    with transaction.atomic():
        copying.stage("stage_short", {"n": "int"}, [(1,)])
    with pytest.raises(ProgrammingError):
        read("SELECT * FROM stage_short")
    with transaction.atomic():
        copying.stage("stage_long", {"n": "int"}, [(1,)], lasting=True)
    assert read("SELECT n FROM stage_long") == [(1,)]
    copying.drop("stage_long")
    copying.drop("stage_long")
    with pytest.raises(ProgrammingError):
        read("SELECT * FROM stage_long")


def test_a_real_table_of_the_same_name_is_left_alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE public.stage_real (kept int)")
        cursor.execute("INSERT INTO public.stage_real VALUES (5)")
    copying.stage("stage_real", {"n": "int"}, [(1,)])
    assert read("SELECT kept FROM public.stage_real") == [(5,)]


@pytest.mark.django_db(databases=["default", "keystore"])
def test_the_other_database_can_be_meant() -> None:
    with transaction.atomic(using="keystore"):
        assert copying.stage("stage_k", {"n": "int"}, [(1,)], using="keystore") == 1
    with pytest.raises(ProgrammingError), transaction.atomic():
        read("SELECT * FROM stage_k")
