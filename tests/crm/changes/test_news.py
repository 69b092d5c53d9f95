"""News: told in the transaction of the fact, taken in the transaction that acts on them."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Thread

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.utils import timezone

from crm.changes import read
from crm.changes.models import News, NewsReader, Stream
from crm.changes.tell import Origin, Signal, Topic, about, tell

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def signal(kind: str = "event:order", customer: int | None = 7, **more: object) -> Signal:
    return Signal(**{"kind": kind, "customer": customer, "occurred_at": NOON, **more})


@pytest.mark.django_db
def test_nobody_reading_means_that_nothing_is_written() -> None:
    tell(Topic.EVENTS, customers=[1, 2], facts=[10], since=NOON, signals=[signal()])
    assert not News.objects.exists()


@pytest.mark.django_db
def test_each_stream_gets_what_it_is_for() -> None:
    for stream in Stream:
        read.switch_on(stream, stream)
    read.listen(["event:order"])
    heard = signal(ref="O-1", product=3, origin=Origin.IMPORT, data={"value": 4.5})
    tell(Topic.EVENTS, customers=[2, 1, 2], facts=[10, 11], since=NOON, signals=[heard, signal("event:view")])
    (people,) = read.take("people", 100)
    assert (people.topic, people.refs, people.since) == ("events", [2, 1], NOON)
    (facts,) = read.take("facts", 100)
    assert (facts.topic, facts.refs) == ("events", [10, 11])
    (signals,) = read.take("signals", 100)
    assert signals.signals == [heard]
    assert not News.objects.exists()


@pytest.mark.django_db
def test_several_readers_of_one_stream_each_get_everything() -> None:
    read.switch_on("webhooks", Stream.FACTS)
    read.switch_on("warehouse", Stream.FACTS)
    tell(Topic.PROFILE, customers=[5])
    assert [item.refs for item in read.take("webhooks", 10)] == [[5]]
    assert [item.refs for item in read.take("warehouse", 10)] == [[5]]


@pytest.mark.django_db
def test_a_row_holds_a_thousand_and_a_take_ends_after_its_limit() -> None:
    read.switch_on("portraits", Stream.PEOPLE)
    read.switch_on("journeys", Stream.SIGNALS)
    read.listen(["event:order"])
    tell(Topic.PROFILE, customers=range(2_500), signals=[signal(customer=pk) for pk in range(2_500)])
    assert [len(item.refs) for item in read.take("portraits", 1_500)] == [1_000, 1_000]
    assert [len(item.refs) for item in read.take("portraits", 1)] == [500]
    assert [len(item.signals) for item in read.take("journeys", 10_000)] == [1_000, 1_000, 500]


@pytest.mark.django_db
def test_a_signal_carries_little() -> None:
    read.switch_on("journeys", Stream.SIGNALS)
    with pytest.raises(ValueError, match="longer than"):
        tell(Topic.EVENTS, signals=[signal(data={"text": "x" * 2_000})])


@pytest.mark.django_db
def test_a_kind_is_heard_until_its_time_is_over_or_it_is_ignored() -> None:
    read.switch_on("journeys", Stream.SIGNALS)
    read.listen(["event:order", "event:cart"])
    read.listen(["event:order"], until=timezone.now() - timedelta(seconds=1))
    read.ignore(["event:cart"])
    tell(Topic.EVENTS, signals=[signal(), signal("event:cart")])
    assert read.take("journeys", 10) == []


@pytest.mark.django_db
def test_signals_about_people_are_named_after_the_topic() -> None:
    read.switch_on("journeys", Stream.SIGNALS)
    read.listen(["customer:erased"])
    tell(Topic.ERASED, customers=[4], signals=about(Topic.ERASED, [4], NOON))
    (item,) = read.take("journeys", 10)
    assert [(one.kind, one.customer) for one in item.signals] == [("customer:erased", 4)]


@pytest.mark.django_db
def test_a_reader_switched_off_leaves_nothing_and_begins_anew() -> None:
    read.switch_on("portraits", Stream.PEOPLE)
    tell(Topic.PROFILE, customers=[1])
    read.switch_off("portraits")
    assert not News.objects.exists()
    # What a transaction wrote that was open when the reader was switched off.
    News.objects.create(reader="portraits", topic="profile", refs=[1], size=1)
    assert read.sweep() == 1
    read.switch_on("portraits", Stream.PEOPLE)
    with pytest.raises(ValueError, match="reads people"):
        read.switch_on("portraits", Stream.FACTS)


@pytest.mark.django_db
def test_a_reader_that_takes_nothing_for_a_week_lapses_and_says_so() -> None:
    read.switch_on("portraits", Stream.PEOPLE)
    tell(Topic.PROFILE, customers=[1])
    News.objects.update(written_at=timezone.now() - read.KEPT - timedelta(hours=1))
    tell(Topic.PROFILE, customers=[2])
    assert read.sweep() == 1
    (depth,) = read.depths()
    assert depth.waiting == 1
    assert depth.lapsed_at is not None
    read.switch_on("portraits", Stream.PEOPLE)
    assert read.depths()[0].lapsed_at is None


@pytest.mark.django_db
def test_depth_and_age_of_each_reader_are_told() -> None:
    read.switch_on("portraits", Stream.PEOPLE)
    read.switch_on("webhooks", Stream.FACTS)
    tell(Topic.EVENTS, customers=[1, 2, 3], facts=[])
    News.objects.update(written_at=timezone.now() - timedelta(minutes=5))
    portraits, webhooks = read.depths()
    assert (portraits.name, portraits.waiting) == ("portraits", 3)
    assert timedelta(minutes=4) < portraits.oldest < timedelta(minutes=6)
    assert (webhooks.waiting, webhooks.oldest) == (0, timedelta())


@pytest.mark.django_db
def test_what_waits_about_an_erased_person_is_forgotten() -> None:
    read.switch_on("journeys", Stream.SIGNALS)
    read.listen(["event:order"])
    tell(Topic.EVENTS, signals=[signal(customer=1, ref="O-1"), signal(customer=2)])
    read.forget(1)
    (item,) = read.take("journeys", 10)
    assert [one.customer for one in item.signals] == [2]


@pytest.mark.django_db(transaction=True)
def test_news_are_taken_only_in_the_transaction_that_acts_on_them() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        read.take("portraits", 1)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_neither_tells_nor_takes() -> None:
    read.switch_on("portraits", Stream.PEOPLE)
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(Topic.PROFILE, customers=[1])
        raise RuntimeError
    with transaction.atomic():
        tell(Topic.PROFILE, customers=[2])
    with pytest.raises(RuntimeError), transaction.atomic():
        assert [item.refs for item in read.take("portraits", 10)] == [[2]]
        raise RuntimeError
    with transaction.atomic():
        assert [item.refs for item in read.take("portraits", 10)] == [[2]]


def aside(act: object) -> object:
    """Do something in another connection, as another worker would; return what it returns."""
    answers: list[object] = []

    def run() -> None:
        try:
            answers.append(act())
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    thread.join(10)
    return answers[0]


@pytest.mark.django_db(transaction=True)
def test_two_workers_of_one_reader_never_take_the_same_and_never_wait() -> None:
    read.switch_on("portraits", Stream.PEOPLE)
    tell(Topic.PROFILE, customers=[1])
    tell(Topic.PROFILE, customers=[2])

    def other() -> list[list[int]]:
        with transaction.atomic():
            return [item.refs for item in read.take("portraits", 10)]

    with transaction.atomic():
        assert [item.refs for item in read.take("portraits", 1)] == [[1]]
        assert aside(other) == [[2]]


@pytest.mark.django_db(transaction=True)
def test_what_commits_late_is_taken_late_but_taken() -> None:
    read.switch_on("portraits", Stream.PEOPLE)

    def later() -> list[list[int]]:
        with transaction.atomic():
            tell(Topic.PROFILE, customers=[2])
        with transaction.atomic():
            return [item.refs for item in read.take("portraits", 10)]

    with transaction.atomic():
        tell(Topic.PROFILE, customers=[1])
        # The later row is committed and taken while the one with the smaller id is still open.
        assert aside(later) == [[2]]
    with transaction.atomic():
        assert [item.refs for item in read.take("portraits", 10)] == [[1]]


@pytest.mark.django_db(transaction=True)
def test_a_reader_is_settled_when_nobody_is_left_who_may_not_know_it() -> None:
    def switched_on() -> tuple[datetime, bool]:
        read.switch_on("portraits", Stream.PEOPLE)
        moment = read.now()
        return moment, read.settled(moment)

    with transaction.atomic():
        # Begun, without an id of its own yet, before the reader is there.
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        moment, settled = aside(switched_on)
        assert not settled
        NewsReader.objects.count()
        assert not aside(lambda: read.settled(moment))
    assert read.settled(moment)


@pytest.mark.django_db
def test_the_command_tells_how_far_behind_each_reader_is_and_sweeps() -> None:
    def answer(*arguments: str) -> str:
        out = StringIO()
        call_command("news", *arguments, stdout=out)
        return out.getvalue()

    assert answer() == "Nobody reads news.\n"
    read.switch_on("portraits", Stream.PEOPLE)
    read.switch_on("webhooks", Stream.FACTS)
    tell(Topic.PROFILE, customers=[1, 2])
    News.objects.filter(reader="portraits").update(written_at=timezone.now() - read.KEPT - timedelta(hours=1))
    assert "portraits reads people: 2 waiting, the oldest for 608,4" in answer()
    swept = answer("--sweep").splitlines()
    assert swept[0] == "1 rows dropped"
    assert swept[1].startswith("portraits reads people: 0 waiting; lapsed 20")
    assert swept[2].startswith("webhooks reads facts: 2 waiting, the oldest for ")
