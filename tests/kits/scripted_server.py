"""A mail server on loopback that says what a test wants it to say, and keeps what it took."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Says = Callable[[str], str | None]
"""An address → the answer to it; None for the usual one; HANG_UP to go without a word."""
HANG_UP = "hang up"


def nothing(address: str) -> str | None:
    """Answer as a server does that takes everything."""
    return None


@dataclass
class ScriptedServer:
    """Speaks SMTP as its fields tell; each may be changed while it runs."""

    greeting: str = "220 scripted ESMTP"
    mail: Says = nothing
    rcpt: Says = nothing
    data: Says = nothing
    """Asked with the recipient, after the final dot."""
    pipelining: bool = True
    smtputf8: bool = False
    seconds: float = 0.0
    """How long it takes to answer the final dot."""
    most: int = 1_000
    """Connections it has at once; more are greeted with 421."""
    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    """(sender, recipient, mail) in the order they were taken."""
    asked: list[str] = field(default_factory=list)
    """Every recipient named, whatever was answered."""
    now: int = 0
    peak: int = 0
    """Connections at once, now and at most."""

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.open: set[socket.socket] = set()
        self.listening = threading.Thread(target=self._listen, daemon=True)
        self.listening.start()

    @property
    def settings(self) -> dict[str, Any]:
        """What EMAIL_TRANSPORT is to be for a transport that leads here."""
        return {"host": "127.0.0.1", "port": self.port, "user": "", "password": "", "tls": ""}

    def recipients(self) -> list[str]:
        """Who got a mail, in order."""
        return [recipient for _, recipient, _ in self.taken]

    def cut(self) -> None:
        """Break every connection there is."""
        with self.lock:
            for line in self.open:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Answer nobody any more."""
        with contextlib.suppress(OSError):
            # Closing alone leaves the one accept() that waits.
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.listening.join(10)
        self.cut()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with self.lock:
            self.now += 1
            self.peak = max(self.peak, self.now)
            full = self.now > self.most
            self.open.add(line)
        try:
            with contextlib.suppress(OSError), line:
                Talk(self, line).go("421 4.7.0 too many connections" if full else self.greeting)
        finally:
            with self.lock:
                self.now -= 1
                self.open.discard(line)


class Talk:
    """One connection."""

    def __init__(self, server: ScriptedServer, line: socket.socket) -> None:
        self.server, self.line, self.rest = server, line, b""
        self.sender = self.recipient = ""

    def go(self, greeting: str) -> None:
        """Greet, and answer until the other side goes."""
        self.say(greeting)
        if not greeting.startswith("220"):
            return
        while (text := self.command()).upper() != "QUIT":
            self.answer(text)
        self.say("221 bye")

    def answer(self, text: str) -> None:
        """Answer one command."""
        verb, script = text[:4].upper(), self.server
        if verb == "EHLO":
            words = ["scripted", *["PIPELINING"] * script.pipelining, *["SMTPUTF8"] * script.smtputf8, "8BITMIME"]
            self.say("\r\n".join(f"250{'-' if word != words[-1] else ' '}{word}" for word in words))
        elif verb == "MAIL":
            self.sender, self.recipient = address(text), ""
            refusal = script.mail(self.sender)
            self.sender = "" if refusal else self.sender
            self.say(refusal or "250 2.1.0 ok")
        elif verb == "RCPT":
            wanted = address(text)
            script.asked.append(wanted)
            refusal = script.rcpt(wanted) if self.sender else "503 5.5.1 no sender"
            self.recipient = "" if refusal else wanted
            self.say(refusal or "250 2.1.5 ok")
        elif verb == "DATA":
            self.take() if self.recipient else self.say("554 5.5.1 nobody to send it to")
        else:
            self.recipient = "" if verb == "RSET" else self.recipient
            self.say("250 ok" if verb in {"RSET", "NOOP"} else "502 5.5.2 what")

    def take(self) -> None:
        """Read one mail and say what becomes of it."""
        self.say("354 go on")
        while not self.rest.startswith(b".\r\n") and b"\r\n.\r\n" not in self.rest:
            self.more()
        body, _, self.rest = (b"\r\n" + self.rest).partition(b"\r\n.\r\n")
        time.sleep(self.server.seconds)
        refusal = self.server.data(self.recipient)
        if not refusal:
            mail = body.replace(b"\r\n..", b"\r\n.").removeprefix(b"\r\n") + b"\r\n"
            self.server.taken.append((self.sender, self.recipient, mail))
        self.recipient = ""
        self.say(refusal or "250 2.0.0 kept")

    def say(self, text: str) -> None:
        """Send one reply, or go without a word."""
        if text == HANG_UP:
            raise OSError
        self.line.sendall(text.encode() + b"\r\n")
        if text.startswith("421"):
            raise OSError

    def command(self) -> str:
        """Return the next line."""
        while b"\r\n" not in self.rest:
            self.more()
        found, self.rest = self.rest.split(b"\r\n", 1)
        return found.decode("utf-8", "replace")

    def more(self) -> None:
        """Wait for bytes."""
        got = self.line.recv(65_536)
        if not got:
            raise OSError
        self.rest += got


def address(command: str) -> str:
    """Return what stands between the angle brackets."""
    return command.partition("<")[2].partition(">")[0]


@contextlib.contextmanager
def scripted_server(**says: Any) -> Iterator[ScriptedServer]:
    """Run a scripted server."""
    server = ScriptedServer(**says)
    try:
        yield server
    finally:
        server.stop()
