"""SMTP keeps what every transport promises, and what SMTP alone asks for."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from campaigns.sending.transports.base import About, Answers, Stage, Transport
from campaigns.sending.transports.smtp import SMTPTransport
from tests.kits.scripted_server import HANG_UP, ScriptedServer, scripted_server
from tests.kits.transport import Mail, TransportKit, mails

REPLIES = {
    "gone": "550 5.1.1 no such user",
    "full": "452 4.2.2 mailbox full",
    "later": "451 4.2.1 try later",
    "policy": "554 5.7.1 looks like spam",
}


class Told(ScriptedServer):
    """The scripted server, told in the words of the kit."""

    def refuse(self, recipient: str, how: str) -> None:
        """Refuse one recipient at RCPT, a letter or a connection where that happens."""
        reply = REPLIES.get(how, HANG_UP)

        def says(to: str) -> str | None:
            return reply if to == recipient else None

        if how in {"policy", "silent"}:
            self.data = says
        else:
            self.rcpt = says

    def refuse_sender(self) -> None:
        """Refuse it at MAIL FROM."""
        self.mail = lambda sender: "550 5.1.8 Sender address rejected: Domain not found"


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def server(settings: Any, request: pytest.FixtureRequest) -> Iterator[Told]:
    """A server of the test's own, and the settings that lead to it."""
    told = Told(pipelining=request.param)
    settings.MAILBOX_ENABLED = False
    settings.EMAIL_TRANSPORT = told.settings
    yield told
    told.stop()


class TestSMTP(TransportKit):
    """The promises every transport makes."""

    make: Callable[[], Transport] = SMTPTransport


def send(out: SMTPTransport, *group: Mail) -> list[Stage]:
    """Send some mails and return how far each got."""
    answers = Answers()
    out.send(group, answers, until=time.monotonic() + 20)
    return [answers[place].stage for place in range(len(group))]


def test_one_connection_takes_many_mails_and_survives_a_refusal(server: Told) -> None:
    server.refuse("reader-1@example.com", "gone")
    out = SMTPTransport()
    for mail in mails(3):
        send(out, mail)
    out.close()
    assert server.recipients() == ["reader-0@example.com", "reader-2@example.com"]
    assert server.peak == 1


def test_a_line_that_begins_with_a_dot_arrives_as_it_was(server: Told) -> None:
    send(SMTPTransport(), Mail("a@example.com", message=b"Subject: x\r\n\r\n.dot\r\n"))
    assert server.taken[0][2] == b"Subject: x\r\n\r\n.dot\r\n"


def test_a_connection_that_broke_before_the_mail_is_lost_and_made_again(server: Told) -> None:
    out = SMTPTransport()
    assert send(out, Mail("a@example.com")) == [Stage.DELIVERED]
    server.cut()
    assert send(out, Mail("b@example.com")) == [Stage.LOST]
    assert send(out, Mail("b@example.com")) == [Stage.DELIVERED]
    out.close()


def test_a_server_that_hangs_up_again_and_again_is_out_of_reach(server: Told) -> None:
    server.rcpt = lambda to: HANG_UP
    answers = Answers()
    SMTPTransport().send(mails(6), answers, until=time.monotonic() + 20)
    stages = [answers[place].stage for place in range(6)]
    assert stages == [Stage.LOST, Stage.LOST, Stage.UNREACHABLE, *[Stage.NOT_TRIED] * 3]


def test_a_server_that_closes_with_421_ends_the_group_and_its_word_is_kept(server: Told) -> None:
    server.mail = lambda sender: "421 4.3.2 closing for maintenance"
    answers = Answers()
    SMTPTransport().send(mails(3), answers, until=time.monotonic() + 20)
    assert (answers[0].stage, answers[0].code, answers[0].about) == (Stage.REFUSED, 421, About.SERVER)
    assert answers[0].text == "4.3.2 closing for maintenance"
    assert answers[2].stage == Stage.NOT_TRIED


def test_a_server_that_does_not_let_us_in_says_so(settings: Any) -> None:
    settings.MAILBOX_ENABLED = False
    with scripted_server(greeting="554 5.7.1 not from your network") as server:
        settings.EMAIL_TRANSPORT = server.settings
        answers = Answers()
        SMTPTransport().send(mails(1), answers, until=time.monotonic() + 20)
    assert (answers[0].stage, answers[0].code) == (Stage.UNREACHABLE, 554)
    assert answers[0].text == "5.7.1 not from your network"


def test_no_more_connections_than_the_server_has(settings: Any) -> None:
    settings.MAILBOX_ENABLED = False
    with scripted_server(seconds=0.02, most=3) as server:
        settings.EMAIL_TRANSPORT = server.settings
        out = SMTPTransport()
        for _ in range(4):
            assert set(send(out, *mails(20))) == {Stage.DELIVERED}
        out.close()
        assert len(server.taken) == 80
        assert 1 < out.most <= 3


def test_a_fast_server_is_asked_at_one_place(server: Told) -> None:
    out = SMTPTransport()
    for _ in range(3):
        send(out, *mails(20))
    out.close()
    assert server.peak <= 3


def test_an_address_with_a_line_break_never_reaches_the_wire(server: Told) -> None:
    out = SMTPTransport()
    assert send(out, Mail("a@example.com>\r\nRCPT TO:<b@example.com"), Mail("c@example.com")) == [
        Stage.REFUSED,
        Stage.DELIVERED,
    ]
    assert server.asked == ["c@example.com"]


def test_an_address_beyond_ascii_goes_where_it_is_understood(server: Told) -> None:
    assert send(SMTPTransport(), Mail("用户@example.com")) == [Stage.REFUSED]
    server.smtputf8 = True
    assert send(SMTPTransport(), Mail("用户@example.com")) == [Stage.DELIVERED]
    assert server.recipients() == ["用户@example.com"]
