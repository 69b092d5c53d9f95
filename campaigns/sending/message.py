"""A mail as bytes: headers in a fixed order, a text part and an HTML part, lines ending in CR LF."""

import base64
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from uuid import UUID

from campaigns.emails.render import RenderedMail
from lib.mailbox import DELIVERY_HEADER

CRLF = "\r\n"


class BadHeader(Exception):
    """A header would hold a line break; the message names the header, never the value."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """Who a mail is from and to, and what names it."""

    key: UUID
    """The delivery's key: Message-ID and X-Relata-Delivery, the same at every try."""
    date: datetime
    """The same at every try, so that servers that saw the mail before know it again."""
    sender_name: str
    sender_address: str
    recipient: str
    message_id: int = 0
    unsubscribe_url: str = ""
    list_name: str = ""
    automatic: bool = False
    """Whether it answers something a person did, rather than going to many."""


def domain_of(address: str) -> str:
    """Return the domain of an address in ASCII."""
    domain = address.rpartition("@")[2]
    return domain if domain.isascii() else domain.encode("idna").decode()


def wire_address(address: str) -> str:
    """Return an address with its domain in ASCII, as SMTP wants it."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"


def build(mail: RenderedMail, to: Addressed) -> bytes:
    """Return the mail as it goes on the wire. Raises BadHeader when a value would start another header."""
    domain = domain_of(to.sender_address)
    boundary = f"=_{to.key.hex}"
    headers = [
        ("From", _mailbox(to.sender_name, wire_address(to.sender_address))),
        ("To", wire_address(to.recipient)),
        ("Subject", _encoded("Subject", mail.subject)),
        ("Date", format_datetime(to.date)),
        ("Message-ID", f"<{to.key}@{domain}>"),
        ("MIME-Version", "1.0"),
        *_list_headers(to, domain),
        (DELIVERY_HEADER, str(to.key)),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    lines = [f"{name}: {_one_line(name, value)}" for name, value in headers]
    for kind, content in (("plain", mail.text), ("html", mail.html)):
        lines += ["", f"--{boundary}"] if kind == "plain" else [f"--{boundary}"]
        lines += [f'Content-Type: text/{kind}; charset="utf-8"', "Content-Transfer-Encoding: base64", ""]
        lines.append(base64.encodebytes(content.encode()).decode().replace("\n", CRLF).rstrip(CRLF))
    return (CRLF.join([*lines, f"--{boundary}--", ""])).encode()


def _list_headers(to: Addressed, domain: str) -> list[tuple[str, str]]:
    if to.automatic:
        # RFC 3834: programs do not answer it.
        return [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "OOF, AutoReply")]
    if not to.unsubscribe_url:
        return []
    return [
        # One click unsubscribes (RFC 8058); the same for every mail of this sender (RFC 2919).
        ("List-Unsubscribe", f"<{to.unsubscribe_url}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("List-ID", f"{_encoded('List-ID', to.list_name)} <marketing.{domain}>".strip()),
        ("Feedback-ID", f"{to.message_id}:message:relata:relata"),
        ("Precedence", "bulk"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ]


def _encoded(name: str, value: str) -> str:
    _one_line(name, value)
    if value.isascii() and len(value) < 900:
        return value
    return Header(value, "utf-8", header_name=name).encode(linesep=CRLF)


def _mailbox(name: str, address: str) -> str:
    _one_line("From", name)
    if not name:
        return address
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'
    return f"{Header(name, 'utf-8', header_name='From').encode(linesep=CRLF)} <{address}>"


def _one_line(name: str, value: str) -> str:
    # A folded header continues after CR LF and a space; any other break would start a header of the attacker's.
    unfolded = value.replace("\r\n ", "")
    if "\r" in unfolded or "\n" in unfolded or "\x00" in unfolded:
        raise BadHeader(name)
    return value
