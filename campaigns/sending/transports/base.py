"""What carries messages: a group goes in, an answer for each comes out. SMTP is one; others keep the same promises.

tests/kits/transport.py holds every transport to them: one answer a letter, never two tries of one letter in one call,
and an honest word when nobody knows whether a letter left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    """How far a letter got."""

    DELIVERED = "delivered"
    """The server took it."""
    REFUSED = "refused"
    """The server said no; `code` and `text` say how, `about` of whom it spoke."""
    LOST = "lost"
    """The connection broke before the letter was handed over."""
    UNANSWERED = "unanswered"
    """The connection broke after it was handed over: nobody knows, and it must not be tried again (RFC 1047)."""
    UNREACHABLE = "unreachable"
    """No server answers, or it does not let us in."""
    NOT_TRIED = "not tried"
    """Time was up or the server was gone before its turn."""


class About(StrEnum):
    """Whom an answer speaks of. Only what speaks of an address may ever strike it off."""

    ADDRESS = "address"
    """The address does not exist."""
    FULL = "full"
    """The address exists and its mailbox is full."""
    RECIPIENT = "recipient"
    """This one recipient, for now or for another reason."""
    POLICY = "policy"
    """This letter is not wanted, or not now. One of these is somebody's filter; many at once are our own standing."""
    SENDER = "sender"
    """Whoever sends: every letter from this sender would be answered so."""
    SERVER = "server"
    """The server itself, whoever sends to whomever."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one letter."""

    stage: Stage
    code: int | None = None
    text: str = ""
    about: About = About.NOBODY

    @property
    def final(self) -> bool:
        """Whether the server says that another try makes no sense."""
        return self.stage == Stage.REFUSED and (self.code or 0) // 100 == 5


class Letter(Protocol):
    """What a transport needs of a message."""

    @property
    def sender(self) -> str:
        """The address it comes from, its domain in ASCII."""

    @property
    def recipient(self) -> str:
        """The address it goes to, its domain in ASCII."""

    @property
    def message(self) -> bytes:
        """All of it; for mail: headers and body, its lines ending in CR LF."""


Answers = dict[int, Answer]
"""Place of a letter in its group → what came back."""


class Transport(Protocol):
    """Carries letters over connections it makes when they are needed and keeps until it is closed."""

    def send(self, group: Sequence[Letter], answers: Answers, *, until: float) -> None:
        """Try every letter of a group once, and write each answer into `answers` as soon as it is there.

        The caller's dictionary is filled, rather than one returned, so that an answer that was read outlives whatever
        interrupts the call; a letter that was begun and has no answer stands there as unanswered. After `until` (of
        time.monotonic) no letter is begun, and none after an answer that speaks of sender or server: all letters of a
        group have one sender. When this returns, every place has an answer; it never raises for what a server does.
        """

    def close(self) -> None:
        """Say goodbye and let go of all connections; it may be used again."""
