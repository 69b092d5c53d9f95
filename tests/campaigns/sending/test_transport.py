"""What a server answers, and where the connection breaks, decide what becomes of a mail."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from campaigns.sending import ledger
from campaigns.sending.models import Delivery
from campaigns.sending.outcome import outcome_of
from campaigns.sending.pump import pump
from campaigns.sending.transport import Answer, Stage, Transport, Unreachable
from crm.privacy import suppression
from tests.campaigns import mailing

ANSWERS: dict[str, str] = {
    "reader-0@example.com": "550 5.1.1 no such user reader-0@example.com",
    "reader-1@example.com": "451 4.2.1 try later",
    "reader-2@example.com": "554 5.7.1 looks like spam",
    "reader-3@example.com": "550 Domain frequency limited",
}


class Moody:
    """Answers as ANSWERS says, at RCPT or after the dot."""

    def __init__(self, pipelining: bool) -> None:
        self.pipelining = pipelining
        self.taken: list[str] = []
        self.body = b""

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.pipelining else responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address in ANSWERS and address != "reader-2@example.com":
            return ANSWERS[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        address = envelope.rcpt_tos[0]
        if address == "hang-up@example.com":
            server.transport.abort()
        if address in ANSWERS:
            return ANSWERS[address]
        self.taken.append(address)
        self.body = envelope.original_content
        return "250 OK"


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def moody(settings: Any, request: pytest.FixtureRequest) -> Iterator[Moody]:
    """A running server with moods."""
    settings.MAILBOX_ENABLED = False
    handler, loop, ready = Moody(request.param), asyncio.new_event_loop(), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    settings.EMAIL_TRANSPORT = {
        "host": "127.0.0.1", "port": listener.getsockname()[1], "user": "", "password": "", "tls": "",
    }  # fmt: skip

    async def serve() -> None:
        server = await loop.create_server(lambda: SMTP(handler, hostname="x.localhost", loop=loop), sock=listener)
        ready.set()
        async with server:
            await server.serve_forever()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except asyncio.CancelledError:
            return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield handler
    loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
    thread.join(10)


def test_one_connection_takes_many_mails_and_survives_a_refusal(moody: Moody) -> None:
    with Transport() as transport:
        first = transport.send("news@example.com", "a@example.com", b"Subject: x\r\n\r\n.dot\r\n")
        server = transport.server
        assert moody.body == b"Subject: x\r\n\r\n.dot\r\n"
        refused = transport.send("news@example.com", "reader-0@example.com", b"Subject: x\r\n\r\n")
        again = transport.send("news@example.com", "b@example.com", b"Subject: x\r\n\r\nx")
        assert transport.server is server
    assert (first.stage, refused.stage, again.stage) == (Stage.DELIVERED, Stage.REFUSED, Stage.DELIVERED)
    assert moody.taken == ["a@example.com", "b@example.com"]


def test_a_connection_that_breaks_after_the_dot_leaves_the_mail_unanswered(moody: Moody) -> None:
    with Transport() as transport:
        assert transport.send("news@example.com", "hang-up@example.com", b"x\r\n").stage == Stage.UNANSWERED
        assert transport.send("news@example.com", "a@example.com", b"x\r\n").stage == Stage.DELIVERED


def test_a_connection_that_broke_before_the_mail_is_lost_and_made_again(moody: Moody) -> None:
    with Transport() as transport:
        transport.send("news@example.com", "a@example.com", b"x\r\n")
        assert transport.server is not None and transport.server.sock is not None
        transport.server.sock.shutdown(socket.SHUT_RDWR)
        assert transport.send("news@example.com", "b@example.com", b"x\r\n").stage == Stage.LOST
        assert transport.send("news@example.com", "b@example.com", b"x\r\n").stage == Stage.DELIVERED


def test_without_a_server_nothing_is_sent(settings: Any) -> None:
    settings.MAILBOX_ENABLED = False
    settings.EMAIL_TRANSPORT = {"host": "127.0.0.1", "port": 9, "user": "", "password": "", "tls": ""}
    with Transport() as transport, pytest.raises(Unreachable):
        transport.send("news@example.com", "a@example.com", b"x")


@pytest.mark.django_db(databases=["default", "keystore"])
def test_every_answer_has_its_outcome_in_the_ledger(moody: Moody) -> None:
    mailing.start(mailing.campaign((mailing.segment(mailing.people(5)), mailing.template(), None)))
    pump()
    rows = {row.customer.external_id: row for row in Delivery.objects.select_related("customer")}
    outcomes = [(rows[f"reader-{n}"].state, rows[f"reader-{n}"].reason) for n in range(5)]
    assert outcomes == [
        (ledger.FAILED, "bounced"),
        (ledger.DEFERRED, ""),
        (ledger.FAILED, "refused"),
        (ledger.DEFERRED, ""),
        (ledger.SENT, ""),
    ]
    # An address that does not exist is struck off, one that called us spam is not.
    assert suppression.suppressed("reader-0@example.com")
    assert not suppression.suppressed("reader-2@example.com")
    assert rows["reader-0"].reply == "5.1.1 no such user [email]"
    assert rows["reader-1"].not_before > rows["reader-1"].created_at
    assert rows["reader-1"].lease is None


@pytest.mark.parametrize(
    ("answer", "attempts", "state", "reason"),
    [
        (Answer(Stage.DELIVERED, 250, "ok"), 0, ledger.SENT, ""),
        (Answer(Stage.LOST), 0, ledger.DEFERRED, ""),
        (Answer(Stage.LOST), 7, ledger.FAILED, "tries"),
        (Answer(Stage.UNANSWERED), 0, ledger.UNKNOWN, "crash"),
        (Answer(Stage.REFUSED, 421, "busy"), 0, ledger.DEFERRED, ""),
        (Answer(Stage.REFUSED, 552, "5.2.2 full"), 0, ledger.FAILED, "refused"),
        (Answer(Stage.REFUSED, 550, "5.1.10 null MX"), 0, ledger.FAILED, "bounced"),
        (Answer(Stage.REFUSED, 550, "Connection frequency limited"), 0, ledger.DEFERRED, ""),
    ],
)
def test_an_answer_means(answer: Answer, attempts: int, state: int, reason: str) -> None:
    outcome = outcome_of(1, attempts, answer)
    assert (outcome.state, outcome.reason) == (state, reason)
    assert (outcome.not_before is not None) == (state == ledger.DEFERRED)
