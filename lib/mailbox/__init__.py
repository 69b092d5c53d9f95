"""A mail server for machines without one: takes every mail over real SMTP, keeps it, and lets it be read."""

from lib.mailbox.server import MailboxError, known_port, listen, serve
from lib.mailbox.store import DELIVERY_HEADER, Entry, Envelope, Mail, Mailbox, open_mailbox

__all__ = [
    "DELIVERY_HEADER",
    "Entry",
    "Envelope",
    "Mail",
    "Mailbox",
    "MailboxError",
    "known_port",
    "listen",
    "open_mailbox",
    "serve",
]
