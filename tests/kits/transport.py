"""What every transport promises; a new one inherits these tests by naming its server and itself.

    class TestOurs(TransportKit):
        @pytest.fixture
        def server(self, settings): ...  # answers as `Server` below can be told to
        def transport(self): return Ours()

The server of the kit speaks SMTP; a transport of another kind brings a server with the same members.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pytest

from campaigns.sending.transports.base import About, Answer, Answers, Stage, Transport


@dataclass(frozen=True)
class Mail:
    """A letter of the kit."""

    recipient: str
    sender: str = "news@shop.example"
    message: bytes = b"Subject: x\r\n\r\nHello\r\n"


class Server(Protocol):
    """What the kit needs of a server."""

    def recipients(self) -> list[str]:
        """Who got a letter, in order."""

    def refuse(self, recipient: str, how: str) -> None:
        """Refuse one recipient: gone, full, later, policy; hang up before taking the letter, or after (silent)."""

    def refuse_sender(self) -> None:
        """Refuse whoever sends."""

    def stop(self) -> None:
        """Answer nobody any more."""

    seconds: float
    """How long it takes over a letter."""


REFUSALS: dict[str, tuple[Stage, About]] = {
    "gone": (Stage.REFUSED, About.ADDRESS),
    "full": (Stage.REFUSED, About.FULL),
    "later": (Stage.REFUSED, About.RECIPIENT),
    "policy": (Stage.REFUSED, About.POLICY),
    "hang up": (Stage.LOST, About.NOBODY),
    "silent": (Stage.UNANSWERED, About.NOBODY),
}


def mails(count: int) -> list[Mail]:
    """Make letters to so many readers."""
    return [Mail(f"reader-{number}@example.com") for number in range(count)]


class TransportKit:
    """The promises, one test each."""

    make: Callable[[], Transport]

    def sent(self, group: list[Mail], transport: Transport | None = None, until: float = 20) -> list[Answer]:
        """Send a group and return the answers in its order; every place has one."""
        out, answers = transport or self.make(), Answers()
        out.send(group, answers, until=time.monotonic() + until)
        if transport is None:
            out.close()
        assert sorted(answers) == list(range(len(group)))
        return [answers[place] for place in range(len(group))]

    def test_a_group_arrives_once_and_has_an_answer_each(self, server: Server) -> None:
        answers = self.sent(mails(30))
        assert {answer.stage for answer in answers} == {Stage.DELIVERED}
        assert sorted(server.recipients()) == sorted(mail.recipient for mail in mails(30))

    def test_an_empty_group_has_no_answers(self, server: Server) -> None:
        assert self.sent([]) == []

    @pytest.mark.parametrize("how", REFUSALS)
    def test_one_that_is_refused_costs_only_itself(self, server: Server, how: str) -> None:
        server.refuse("reader-2@example.com", how)
        answers = self.sent(mails(5))
        assert [answer.stage for place, answer in enumerate(answers) if place != 2] == [Stage.DELIVERED] * 4
        assert (answers[2].stage, answers[2].about) == REFUSALS[how]
        assert server.recipients().count("reader-3@example.com") == 1

    def test_a_refused_sender_is_told_from_refused_readers_and_ends_the_group(self, server: Server) -> None:
        server.refuse_sender()
        answers = self.sent(mails(30))
        assert answers[0].stage == Stage.REFUSED
        assert answers[0].about == About.SENDER
        assert {answer.stage for answer in answers[1:]} == {Stage.NOT_TRIED}
        assert server.recipients() == []

    def test_a_server_that_is_away_takes_nothing_and_loses_nothing(self, server: Server) -> None:
        server.stop()
        answers = self.sent(mails(3))
        assert [answer.stage for answer in answers] == [Stage.UNREACHABLE, Stage.NOT_TRIED, Stage.NOT_TRIED]
        assert answers[0].about == About.SERVER

    def test_nothing_is_begun_after_time_is_up(self, server: Server) -> None:
        assert {answer.stage for answer in self.sent(mails(3), until=-1)} == {Stage.NOT_TRIED}
        assert server.recipients() == []

    def test_it_may_be_used_again_after_it_was_closed(self, server: Server) -> None:
        out = self.make()
        self.sent(mails(2), out)
        out.close()
        assert {answer.stage for answer in self.sent(mails(2), out)} == {Stage.DELIVERED}
        out.close()

    def test_a_slow_server_is_asked_at_several_places_at_once(self, server: Server) -> None:
        server.seconds = 0.02
        out = self.make()
        self.sent(mails(20), out)
        begun = time.monotonic()
        for _ in range(5):
            assert {answer.stage for answer in self.sent(mails(20), out)} == {Stage.DELIVERED}
        out.close()
        # One after the other they would take two seconds.
        assert time.monotonic() - begun < 1.2
        assert len(server.recipients()) == 120

    def test_what_was_begun_when_the_caller_is_interrupted_is_not_called_untried(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Interrupted(Answers):
            def __setitem__(self, place: int, answer: Answer) -> None:
                super().__setitem__(place, answer)
                if place == 1 and answer.stage == Stage.UNANSWERED:
                    raise KeyboardInterrupt

        answers, out = Interrupted(), self.make()
        with pytest.raises(KeyboardInterrupt):
            out.send(mails(3), answers, until=time.monotonic() + 5)
        out.close()
        stages = [answers[place].stage for place in range(3)]
        assert stages == [Stage.DELIVERED, Stage.UNANSWERED, Stage.NOT_TRIED]
