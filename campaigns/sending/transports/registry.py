"""Which transport carries what: a channel's name and how its transport is made."""

from collections.abc import Callable

from campaigns.sending.transports.base import Transport
from campaigns.sending.transports.smtp import SMTPTransport

EMAIL = "email"
BY_CHANNEL: dict[str, Callable[[str], Transport]] = {EMAIL: SMTPTransport}
"""Each takes the name with which it introduces itself to the server."""


def transport_for(channel: str, hello: str) -> Transport:
    """Return a transport of a channel, not yet connected. Raises KeyError for a channel nobody carries."""
    return BY_CHANNEL[channel](hello)
