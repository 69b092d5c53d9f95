"""The queue stays quick: nothing reads past what is paused, nothing waits for a million rows to be closed."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.planning import closing, launch
from campaigns.planning.models import Campaign
from campaigns.sending import ledger, reap
from campaigns.sending.models import Delivery
from tests.campaigns import mailing

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
State = Delivery.State


def sending(count: int, prefix: str = "reader") -> Campaign:
    """A campaign with so many queued deliveries."""
    made = mailing.campaign((mailing.segment(mailing.people(count, prefix=prefix), prefix), mailing.template(), None))
    mailing.start(made)
    return made


def copied(campaign: Campaign, times: int) -> None:
    """Many more deliveries like a campaign's first, each of an occasion of its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_delivery (message_id, occasion, customer_id, text_id, segment_id, key, state,"
            " reason, language, recommended, attempts, not_before, expires_at, reply, created_at)"
            " SELECT message_id, g, customer_id, text_id, segment_id, gen_random_uuid(), state, reason,"
            " language, recommended, attempts, not_before, expires_at, reply, created_at"
            " FROM generate_series(1, %s) AS g, (SELECT * FROM campaigns_delivery WHERE message_id = %s LIMIT 1) d",
            [times, campaign.message_id],
        )
        cursor.execute("ANALYZE campaigns_delivery")


def test_a_claim_does_not_read_past_what_is_paused() -> None:
    held, free = sending(1, "held"), sending(3, "free")
    copied(held, 20_000)
    launch.pause(campaign=held)
    values = {"message": free.message_id, "limit": 500, "lease": uuid4(), "seconds": 60}
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + ledger._CLAIM, values)
        plan = json.dumps(cursor.fetchone()[0])
    assert "delivery_due" in plan
    assert plan.count('"Rows Removed by Filter": 0') == plan.count('"Rows Removed by Filter"')
    Delivery.objects.filter(message=free.message_id).update(state=State.QUEUED)
    assert {row.message_id for row in ledger.claim(500, uuid4(), 60)} == {free.message_id}


def read(plan: dict[str, Any]) -> int:
    """The rows of deliveries that a plan really read."""
    own = plan["Actual Rows"] * plan["Actual Loops"] if plan.get("Relation Name") == "campaigns_delivery" else 0
    return int(own) + sum(read(part) for part in plan.get("Plans", []))


def test_who_looks_for_campaigns_reads_one_row_of_each_whatever_statistics_say() -> None:
    held = sending(1, "held")
    # from now on the statistics know this campaign alone
    copied(held, 20_000)
    launch.pause(campaign=held)
    sending(3, "free")
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + ledger._RUNNING, {"zone": "UTC", "channel": "email"})
        assert read(cursor.fetchone()[0][0]["Plan"]) == 1


def test_a_long_campaign_does_not_keep_a_short_one_waiting() -> None:
    long, short = sending(9, "long"), sending(2, "short")
    claimed = [row.message_id for row in ledger.claim(6, uuid4(), 60)]
    assert (claimed.count(long.message_id), claimed.count(short.message_id)) == (3, 2)
    assert len(ledger.claim(6, uuid4(), 60)) == 6


def test_a_cancelled_campaign_stops_at_once_and_its_rows_are_closed_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "BATCH", 2)
    made = sending(5)
    assert launch.cancel(campaign=made) == 5
    assert ledger.claim(10, uuid4(), 60) == []
    assert Delivery.objects.filter(state=State.CANCELLED, reason="cancelled").count() == 2
    assert closing.close_cancelled() == 3
    assert set(Delivery.objects.values_list("state", "reason")) == {(State.CANCELLED, "cancelled")}
    assert closing.close_cancelled() == 0


def test_what_a_worker_held_while_its_campaign_was_cancelled_is_closed_when_it_is_given_back() -> None:
    made, lease = sending(3), uuid4()
    claimed = ledger.claim(2, lease, 60)
    assert launch.cancel(campaign=made) == 1
    assert ledger.commit_group(lease, [], [ledger.Intent(row.id) for row in claimed]) == set()
    ledger.release(lease, [row.id for row in claimed])
    assert closing.close_cancelled() == 2


def test_what_is_too_late_is_ended_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reap, "BATCH", 2)
    sending(5)
    Delivery.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert reap.reap().expired == 5
    assert set(Delivery.objects.values_list("state", "reason")) == {(State.FAILED, "expired")}


# Keys, predicates and expressions alike. Indexes of constraints depend on no column by themselves, hence their keys.
_IN_INDEXES = """
SELECT attname FROM pg_attribute WHERE attrelid = %(table)s::regclass AND (
    attnum IN (SELECT unnest(indkey) FROM pg_index WHERE indrelid = %(table)s::regclass)
    OR attnum IN (
        SELECT refobjsubid FROM pg_depend JOIN pg_index ON objid = indexrelid AND classid = 'pg_class'::regclass
        WHERE indrelid = %(table)s::regclass AND refobjid = indrelid AND refclassid = 'pg_class'::regclass
    )
) AND attnum > 0
"""


def indexed() -> tuple[set[str], list[tuple[Any, ...]]]:
    """What decides whether an update of the ledger writes its indexes: the columns they read, with every row's values.

    PostgreSQL leaves all indexes alone when none of these values changes and the page has room. Room depends on what
    other tests left there, and no step's old row can be pruned before its transaction ends: so nothing is counted.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IN_INDEXES, {"table": Delivery._meta.db_table})
        columns = sorted(row[0] for row in cursor.fetchall())
    return set(columns), list(Delivery.objects.order_by("id").values_list(*columns))


def test_the_steps_of_a_mail_leave_the_indexes_alone() -> None:
    sending(8)
    lease = uuid4()
    claimed = ledger.claim(8, lease, 60)
    columns, before = indexed()
    assert {"message_id", "not_before", "waiting", "taken", "customer_id", "key"} <= columns
    assert ledger.commit_group(lease, [], [ledger.Intent(row.id) for row in claimed]) == {row.id for row in claimed}
    Delivery.objects.update(opened_at=timezone.now(), clicked_at=timezone.now(), unsubscribed_at=timezone.now())
    assert indexed() == (columns, before)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'campaigns_delivery'")
        assert cursor.fetchone()[0] == 7
