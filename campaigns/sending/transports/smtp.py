"""Mail over SMTP: a few connections, each used for many mails, that always know whether the final dot was written.

Before the dot nothing has been handed over, and the mail can be tried again. After it, without an answer, nobody knows
(RFC 1047), and the mail must not be tried again.
"""

import contextlib
import smtplib
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from campaigns.sending.transports.base import About, Answer, Answers, Letter, Stage
from campaigns.sending.transports.replies import ReplyStep, about
from lib import mailbox

CONNECT_SECONDS = 15
REPLY_SECONDS = 120
CONNECTIONS = 10
"""The most connections one transport opens: two workers stay below the 50 a client may have with Postfix as it comes,
and below what providers allow one customer."""
PACE = 0.002
"""Seconds a mail should take: a second connection is worth its place only where the server answers more slowly."""
KEEPS_BREAKING = 3
"""Connections lost one after the other, no mail taken between: then it is the server, not the mail."""
NOT_CONNECTED = (OSError, smtplib.SMTPException)
Reply = tuple[int, bytes]


class Unreachable(Exception):
    """No mail server answers, or it does not let us in; nothing was sent."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.code: int | None = None
        self.text = type(error).__name__
        if isinstance(error, smtplib.SMTPResponseException):
            self.code, said = error.smtp_code, error.smtp_error
            self.text = _words(said) if isinstance(said, bytes) else str(said)


class Line:
    """One connection to the configured mail server, made when the first mail needs it."""

    def __init__(self, hello: str) -> None:
        self.hello = hello
        self.server: smtplib.SMTP | None = None
        self.taken = 0
        """Mails the server answered to on this connection."""

    def send(self, letter: Letter) -> Answer:
        """Send one mail. Raises Unreachable when no connection can be made."""
        if any(sign in letter.sender + letter.recipient for sign in "\r\n"):
            return Answer(Stage.REFUSED, 553, "5.1.3 the address holds a line break", About.RECIPIENT)
        server = self._connected()
        try:
            refusal = self._envelope(server, letter.sender, letter.recipient)
            if refusal is not None:
                return refusal
            # The server takes the dot for the end, so a line that begins with one gets another (RFC 5321, 4.5.2).
            body = letter.message.replace(b"\r\n.", b"\r\n..")
            server.send(body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        except NOT_CONNECTED:
            # The dot is the last thing written: as long as writing failed, it did not leave.
            self.hang_up()
            return Answer(Stage.LOST)
        try:
            code, text = server.getreply()
        except NOT_CONNECTED:
            self.hang_up()
            return Answer(Stage.UNANSWERED)
        self.taken += 1
        if code // 100 == 2:
            return Answer(Stage.DELIVERED, code, _words(text))
        if code == 421:
            self.hang_up()
        return _refused(ReplyStep.DATA, code, _words(text))

    def close(self) -> None:
        """Say goodbye, if anybody is there."""
        if self.server is not None:
            with contextlib.suppress(*NOT_CONNECTED):
                self.server.quit()
            self.hang_up()

    def hang_up(self) -> None:
        """Let go of the connection without a word."""
        if self.server is not None:
            self.server.close()
        self.server = None
        self.taken = 0

    def _envelope(self, server: smtplib.SMTP, sender: str, recipient: str) -> Answer | None:
        plain = (sender + recipient).isascii()
        if not plain and not server.has_extn("smtputf8"):
            return Answer(Stage.REFUSED, 553, "5.6.7 the server does not take addresses beyond ASCII", About.RECIPIENT)
        server.command_encoding = "ascii" if plain else "utf-8"
        ask = _at_once if server.has_extn("pipelining") else _one_by_one
        replies = ask(server, _commands(sender, recipient, "" if plain else " SMTPUTF8"))
        for step, (code, text) in zip(ReplyStep, replies, strict=False):
            if code // 100 not in {2, 3}:
                self.taken += 1
                if code == 421:
                    self.hang_up()
                else:
                    server.rset()
                return _refused(step, code, _words(text))
        return None

    def _connected(self) -> smtplib.SMTP:
        if self.server is None:
            try:
                self.server = _connect(self.hello)
            except NOT_CONNECTED as error:
                raise Unreachable(error) from error
        return self.server


@dataclass
class Round:
    """One group on its way over several connections at once."""

    group: Sequence[Letter]
    answers: Answers
    until: float
    waiting: deque[int] = field(default_factory=deque)
    """Places not begun; taking from a deque is safe between threads."""
    over: threading.Event = field(default_factory=threading.Event)
    """Nothing more is begun: the server or the sender is refused, or the caller was interrupted."""
    lost: int = 0
    """Connections lost since a mail was answered."""

    def note(self, place: int, answer: Answer) -> None:
        """Keep an answer, and see whether going on makes sense."""
        self.lost = self.lost + 1 if answer.stage == Stage.LOST else 0
        if self.lost >= KEEPS_BREAKING:
            answer = Answer(Stage.UNREACHABLE, None, "the connection keeps breaking", About.SERVER)
        self.answers[place] = answer
        if answer.about in {About.SENDER, About.SERVER}:
            self.over.set()


class SMTPTransport:
    """Carries mail to the configured mail server, over as many connections as its answers are slow."""

    def __init__(self, hello: str = "localhost", connections: int = CONNECTIONS) -> None:
        self.hello = hello
        self.most = connections
        self.lines: list[Line] = []
        self.wanted = 1

    def close(self) -> None:
        """Say goodbye on every connection."""
        for line in self.lines:
            line.close()
        self.lines, self.wanted = [], 1

    def send(self, group: Sequence[Letter], answers: Answers, *, until: float) -> None:
        """Try every mail of a group once; see Transport."""
        this = Round(group, answers, until, deque(range(len(group))))
        count = max(1, min(self.wanted, len(group)))
        while len(self.lines) < count:
            self.lines.append(Line(self.hello))
        lines, begun = self.lines[:count], time.monotonic()
        # The first connection works in this thread, so that most groups need no other.
        others = [threading.Thread(target=self._work, args=(line, this, True), daemon=True) for line in lines[1:]]
        try:
            for other in others:
                other.start()
            self._work(lines[0], this, False)
        finally:
            # Interrupted or done: what is on the wire is answered first, what is not is not begun.
            this.over.set()
            for other in others:
                other.join()
            for place in range(len(group)):
                answers.setdefault(place, Answer(Stage.NOT_TRIED))
        self.lines = [line for line in self.lines if line.server is not None]
        self._pace((time.monotonic() - begun) * count, answers)

    def _work(self, line: Line, this: Round, extra: bool) -> None:
        while this.waiting and not this.over.is_set() and time.monotonic() <= this.until:
            try:
                place = this.waiting.popleft()
            except IndexError:
                return
            fresh = line.taken == 0
            # Until the answer is there, nobody knows: an interruption must not make a second try of it.
            this.answers[place] = Answer(Stage.UNANSWERED)
            try:
                answer = line.send(this.group[place])
            except Unreachable as error:
                answer = Answer(Stage.UNREACHABLE, error.code, error.text, About.SERVER)
            if extra and fresh and answer.about == About.SERVER:
                # The server takes no more connections than it has; the others go on with this mail.
                self.most = max(1, self.most - 1)
                line.hang_up()
                del this.answers[place]
                this.waiting.appendleft(place)
                return
            this.note(place, answer)

    def _pace(self, seconds: float, answers: Answers) -> None:
        tried = sum(answer.stage in {Stage.DELIVERED, Stage.REFUSED} for answer in answers.values())
        if tried > 1:
            self.wanted = max(1, min(self.most, round(seconds / tried / PACE)))


def _refused(step: ReplyStep, code: int, text: str) -> Answer:
    return Answer(Stage.REFUSED, code, text, about(step, code, text))


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
    return [
        f"MAIL FROM:{smtplib.quoteaddr(sender)}{options}",
        f"RCPT TO:{smtplib.quoteaddr(recipient)}",
        "DATA",
    ]


def _one_by_one(server: smtplib.SMTP, commands: list[str]) -> Iterator[Reply]:
    for command in commands:
        yield server.docmd(command)


def _at_once(server: smtplib.SMTP, commands: list[str]) -> Iterator[Reply]:
    # All three in one write and one wait (RFC 2920).
    server.send("".join(f"{command}\r\n" for command in commands))
    replies: list[Reply] = []
    while len(replies) < len(commands) and (not replies or replies[-1][0] != 421):
        # After 421 the server hangs up; waiting for the rest would lose the one word it said.
        replies.append(server.getreply())
    if replies[-1][0] == 354 and any(code // 100 != 2 for code, _ in replies[:-1]):
        # The server waits for a mail that has nobody to go to.
        server.send(".\r\n")
        server.getreply()
    yield from replies


def _words(text: bytes) -> str:
    return text.decode("utf-8", "replace")
