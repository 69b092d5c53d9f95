"""One SMTP connection, used for many mails, that always knows whether the final dot was written.

Before the dot nothing has been handed over, and the mail can be tried again. After it, without an answer, nobody knows
(RFC 1047), and the mail must not be tried again.
"""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from django.conf import settings

from lib import mailbox

CONNECT_SECONDS = 15
REPLY_SECONDS = 120
NOT_CONNECTED = (OSError, smtplib.SMTPException)
Reply = tuple[int, bytes]


class Stage(StrEnum):
    """How far a mail got."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    """The server said no; `code` and `text` say how."""
    LOST = "lost"
    """The connection broke before the final dot."""
    UNANSWERED = "unanswered"
    """The connection broke after the final dot."""


class Unreachable(Exception):
    """No mail server answers, or it does not let us in; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to one mail."""

    stage: Stage
    code: int | None = None
    text: str = ""


class Transport:
    """A connection to the configured mail server, made when the first mail needs it."""

    def __init__(self, hello: str = "localhost") -> None:
        self.hello = hello
        self.server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye, if anybody is there."""
        if self.server is not None:
            with contextlib.suppress(*NOT_CONNECTED):
                self.server.quit()
            self._hang_up()

    def send(self, sender: str, recipient: str, message: bytes) -> Answer:
        """Send one mail, its lines ending in CR LF.

        Raises Unreachable when no connection can be made.
        """
        server = self._connected()
        try:
            refusal = self._envelope(server, sender, recipient)
            if refusal is not None:
                return refusal
            # The server takes the dot for the end, so a line that begins with one gets another (RFC 5321, 4.5.2).
            body = message.replace(b"\r\n.", b"\r\n..")
            server.send(body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        except NOT_CONNECTED:
            # The dot is the last thing written: as long as writing failed, it did not leave.
            self._hang_up()
            return Answer(Stage.LOST)
        try:
            code, text = server.getreply()
        except NOT_CONNECTED:
            self._hang_up()
            return Answer(Stage.UNANSWERED)
        if code == 421:
            self._hang_up()
        return Answer(Stage.DELIVERED if code // 100 == 2 else Stage.REFUSED, code, _words(text))

    def _envelope(self, server: smtplib.SMTP, sender: str, recipient: str) -> Answer | None:
        plain = (sender + recipient).isascii()
        if not plain and not server.has_extn("smtputf8"):
            return Answer(Stage.REFUSED, 553, "5.6.7 the server does not take addresses beyond ASCII")
        server.command_encoding = "ascii" if plain else "utf-8"
        ask = _at_once if server.has_extn("pipelining") else _one_by_one
        for code, text in ask(server, _commands(sender, recipient, "" if plain else " SMTPUTF8")):
            if code // 100 not in {2, 3}:
                if code == 421:
                    self._hang_up()
                else:
                    server.rset()
                return Answer(Stage.REFUSED, code, _words(text))
        return None

    def _connected(self) -> smtplib.SMTP:
        if self.server is None:
            try:
                self.server = _connect(self.hello)
            except NOT_CONNECTED as error:
                raise Unreachable(type(error).__name__) from error
        return self.server

    def _hang_up(self) -> None:
        if self.server is not None:
            self.server.close()
        self.server = None


def _connect(hello: str) -> smtplib.SMTP:
    where = settings.EMAIL_TRANSPORT
    port = mailbox.known_port(settings.VAR_DIR, where["port"]) if settings.MAILBOX_ENABLED else where["port"]
    if where["tls"] == "implicit":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            where["host"], port, hello, timeout=CONNECT_SECONDS, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(where["host"], port, hello, timeout=CONNECT_SECONDS)
    try:
        server.ehlo_or_helo_if_needed()
        if where["tls"] == "starttls":
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if where["user"]:
            server.login(where["user"], where["password"])
    except BaseException:
        server.close()
        raise
    if server.sock is not None:
        server.sock.settimeout(REPLY_SECONDS)
    return server


def _commands(sender: str, recipient: str, options: str) -> list[str]:
    commands = [
        f"MAIL FROM:{smtplib.quoteaddr(sender)}{options}",
        f"RCPT TO:{smtplib.quoteaddr(recipient)}",
        "DATA",
    ]
    if any("\r" in command or "\n" in command for command in commands):
        raise ValueError("an address holds a line break")
    return commands


def _one_by_one(server: smtplib.SMTP, commands: list[str]) -> Iterator[Reply]:
    for command in commands:
        yield server.docmd(command)


def _at_once(server: smtplib.SMTP, commands: list[str]) -> Iterator[Reply]:
    # All three in one write and one wait (RFC 2920).
    server.send("".join(f"{command}\r\n" for command in commands))
    replies = [server.getreply() for _ in commands]
    if replies[-1][0] == 354 and any(code // 100 != 2 for code, _ in replies[:-1]):
        # The server waits for a mail that has nobody to go to.
        server.send(".\r\n")
        server.getreply()
    yield from replies


def _words(text: bytes) -> str:
    return text.decode("utf-8", "replace")
