"""The SMTP server of the mailbox: accepts every mail on the loopback interface and delivers none."""

import asyncio
import errno
import ipaddress
import logging
import socket
from collections.abc import Callable
from pathlib import Path

from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope as SmtpEnvelope
from aiosmtpd.smtp import Session as SmtpSession

from lib.mailbox.store import Envelope, Mailbox, open_mailbox

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
# Mails that arrive while a commit runs share the next one; more than this many never wait for each other.
MOST_PER_COMMIT = 500


class MailboxError(Exception):
    """The mailbox server cannot run; the message says why."""


class MailSink:
    """Takes mails from any number of connections and commits them in groups, before each gets its 250."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.waiting: list[tuple[Envelope, asyncio.Future[None]]] = []
        self.committer: asyncio.Task[None] | None = None

    async def handle_EHLO(
        self, server: SMTP, session: SmtpSession, envelope: SmtpEnvelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet, and say that commands may be sent without waiting for each answer."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: SmtpEnvelope) -> str:
        """Keep one mail and answer; 451 asks the sender to try again later."""
        content = envelope.original_content or b""
        mail = Envelope(envelope.mail_from or "", list(envelope.rcpt_tos), content)
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((mail, kept))
        if self.committer is None or self.committer.done():
            self.committer = asyncio.create_task(self._commit())
        try:
            await kept
        except Exception as error:
            return f"451 Not kept: {type(error).__name__}"
        return "250 Kept"

    async def _commit(self) -> None:
        while self.waiting:
            group, self.waiting = self.waiting[:MOST_PER_COMMIT], self.waiting[MOST_PER_COMMIT:]
            try:
                self.mailbox.append([mail for mail, _ in group])
            except Exception as error:
                for _, kept in group:
                    kept.set_exception(error)
            else:
                for _, kept in group:
                    kept.set_result(None)
            await asyncio.sleep(0)


def port_file(var_dir: Path | str) -> Path:
    """The file in which a running server writes its port."""
    return Path(var_dir) / "run" / "mailbox.port"


def known_port(var_dir: Path | str, default: int) -> int:
    """Return the port the server last used, or `default` when it never ran."""
    file = port_file(var_dir)
    return int(file.read_text()) if file.is_file() else default


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on `port`, or on another free one when that is taken.

    Raises MailboxError for an address other machines can reach, and when nothing can be bound.
    """
    if not ipaddress.ip_address(host).is_loopback:
        raise MailboxError(f"The mailbox only listens to this machine, and {host} is not a loopback address.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in (port, 0):
        # asyncio only switches Nagle's delay off for sockets that name their protocol.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(256)
        except OSError as error:
            listener.close()
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise MailboxError(f"The mailbox cannot listen on {host}:{candidate}: {error.strerror}.") from error
        else:
            return listener
    raise MailboxError(f"The mailbox found no free port on {host}.")


async def serve(var_dir: Path, listener: socket.socket, ready: Callable[[int], None]) -> None:
    """Serve the mailbox of a `var` directory until cancelled; calls `ready` with the port once it accepts mail."""
    loop = asyncio.get_running_loop()
    # aiosmtpd tells of every command of every mail.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    with open_mailbox(var_dir) as mailbox:
        sink = MailSink(mailbox)

        def connection() -> SMTP:
            return SMTP(
                sink,
                data_size_limit=MAX_MESSAGE_BYTES,
                enable_SMTPUTF8=True,
                hostname="mailbox.localhost",
                ident="Relata mailbox",
                loop=loop,
            )

        server = await loop.create_server(connection, sock=listener)
        port = listener.getsockname()[1]
        file = port_file(var_dir)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(str(port))
        ready(port)
        async with server:
            await server.serve_forever()
