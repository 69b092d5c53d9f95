"""Where received mails are kept: raw messages in an append-only file, and an index of them in SQLite."""

import email
import email.header
import email.policy
import os
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from types import TracebackType
from typing import Self

DELIVERY_HEADER = "X-Relata-Delivery"

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at REAL NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT NOT NULL,
    delivery TEXT NOT NULL,
    size INTEGER NOT NULL,
    position INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS message_delivery ON message (delivery);
"""
COLUMNS = "id, received_at, sender, recipient, subject, message_id, delivery, size, position"
LAST = 2**62
"""No mail has such a number; SQLite takes none beyond 64 bits."""
LIKE_ESCAPES = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


@dataclass(frozen=True)
class Envelope:
    """One mail as it came in: the SMTP sender and recipients, and the message itself."""

    sender: str
    recipients: Sequence[str]
    content: bytes


@dataclass(frozen=True)
class Entry:
    """One line of the mailbox: a mail as one recipient got it."""

    id: int
    received_at: float
    sender: str
    recipient: str
    subject: str
    message_id: str
    delivery: str
    size: int
    position: int


@dataclass(frozen=True)
class Mail:
    """A mail taken apart for reading; `html` is empty when there is no HTML part."""

    entry: Entry
    subject: str
    sender: str
    recipient: str
    text: str
    html: str
    headers: list[tuple[str, str]]


class Mailbox:
    """The mails of one `var` directory. One process writes (the server); any number read."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.file = directory / "messages.mbox"
        self.index = sqlite3.connect(directory / "index.sqlite3", timeout=30, isolation_level=None)
        self.index.execute("PRAGMA journal_mode=WAL")
        # A commit survives the end of this process at any moment, though not a power cut.
        self.index.execute("PRAGMA synchronous=NORMAL")
        self.index.executescript(SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index; the mailbox cannot be used afterwards."""
        self.index.close()

    def append(self, envelopes: Sequence[Envelope]) -> None:
        """Keep mails, one line for each recipient; when this returns they outlive the process.

        Raises OSError or sqlite3.Error when they cannot be kept; then none of them is.
        """
        rows: list[tuple[object, ...]] = []
        chunks: list[bytes] = []
        self.index.execute("BEGIN IMMEDIATE")
        try:
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "ab") as store:
                position = store.seek(0, os.SEEK_END)
                for envelope in envelopes:
                    subject, message_id, delivery = _known_headers(envelope.content)
                    size = len(envelope.content)
                    now = time.time()
                    rows += [
                        (now, envelope.sender, recipient, subject, message_id, delivery, size, position)
                        for recipient in envelope.recipients
                    ]
                    chunks.append(envelope.content)
                    position += size
                store.write(b"".join(chunks))
            placeholders = "(received_at, sender, recipient, subject, message_id, delivery, size, position)"
            self.index.executemany(f"INSERT INTO message {placeholders} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
            self.index.execute("COMMIT")
        except BaseException:
            self.index.execute("ROLLBACK")
            raise

    def messages(self, before: int | None = None, limit: int = 50, query: str = "") -> list[Entry]:
        """Return the newest mails first: at most `limit` with an id below `before`.

        `query` is looked for in recipient and subject, without regard to the case of ASCII letters.
        """
        pattern = f"%{query.translate(LIKE_ESCAPES)}%"
        matching = "(recipient LIKE ? ESCAPE '\\' OR subject LIKE ? ESCAPE '\\')"
        found = self.index.execute(
            f"SELECT {COLUMNS} FROM message WHERE id < ? AND {matching} ORDER BY id DESC LIMIT ?",  # noqa: S608
            (LAST if before is None else min(before, LAST), pattern, pattern, limit),
        )
        return [Entry(*row) for row in found]

    def message(self, number: int) -> Mail:
        """Return one mail taken apart. Raises KeyError when there is none with this id."""
        row = self.index.execute(f"SELECT {COLUMNS} FROM message WHERE id = ?", (min(number, LAST),)).fetchone()  # noqa: S608
        if row is None:
            raise KeyError(number)
        entry = Entry(*row)
        parsed = email.message_from_bytes(self._content(entry), policy=email.policy.default)
        return Mail(
            entry=entry,
            subject=str(parsed["subject"] or ""),
            sender=str(parsed["from"] or entry.sender),
            recipient=str(parsed["to"] or entry.recipient),
            text=_body(parsed, "plain"),
            html=_body(parsed, "html"),
            headers=[(name, str(value)) for name, value in parsed.items()],
        )

    def raw(self, number: int) -> bytes:
        """Return one mail as it was received. Raises KeyError when there is none with this id."""
        row = self.index.execute(f"SELECT {COLUMNS} FROM message WHERE id = ?", (min(number, LAST),)).fetchone()  # noqa: S608
        if row is None:
            raise KeyError(number)
        return self._content(Entry(*row))

    def count(self) -> int:
        """Return how many mails there are, one for each recipient."""
        return int(self.index.execute("SELECT count(*) FROM message").fetchone()[0])

    def count_by_delivery(self) -> dict[str, int]:
        """Return how often each delivery arrived: {delivery id: mails}. Mails without the header do not count."""
        counted = "SELECT delivery, count(*) FROM message WHERE delivery != '' GROUP BY delivery"
        return dict(self.index.execute(counted).fetchall())

    def clear(self) -> int:
        """Throw all mails away and return how many there were. Ids are not used again."""
        self.index.execute("BEGIN IMMEDIATE")
        removed = self.index.execute("DELETE FROM message").rowcount
        if self.file.exists():
            os.truncate(self.file, 0)
        self.index.execute("COMMIT")
        return removed

    def _content(self, entry: Entry) -> bytes:
        with self.file.open("rb") as store:
            store.seek(entry.position)
            return store.read(entry.size)


def open_mailbox(var_dir: Path | str) -> Mailbox:
    """Open the mailbox of a `var` directory, making it when there is none."""
    return Mailbox(Path(var_dir) / "mailbox")


def _known_headers(content: bytes) -> tuple[str, str, str]:
    end = content.find(b"\r\n\r\n")
    head = content[: end + 4] if end >= 0 else content
    # The parser itself is fast; only the subject may need decoding, which the modern policy does and which is slow.
    parsed = BytesHeaderParser().parsebytes(head)
    subject = str(parsed.get("subject", ""))
    if "=?" in subject:
        subject = str(email.header.make_header(email.header.decode_header(subject)))
    one_line = " ".join(subject.split())
    return one_line, str(parsed.get("message-id", "")), str(parsed.get(DELIVERY_HEADER, ""))


def _body(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
