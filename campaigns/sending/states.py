"""The states of a delivery, by name in Python and in SQL. The numbers are the database's business alone."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.IntegerChoices):
    """queued → leased → inflight → sent | deferred | failed | unknown; suppressed and cancelled never leave."""

    QUEUED = 0, _("Queued")
    LEASED = 1, _("Leased")
    INFLIGHT = 2, _("Being sent")
    SENT = 3, _("Sent")
    DEFERRED = 4, _("Deferred")
    UNKNOWN = 5, _("Unknown")
    FAILED = 6, _("Failed")
    SUPPRESSED = 7, _("Suppressed")
    CANCELLED = 8, _("Cancelled")


WAITING = (State.QUEUED, State.DEFERRED)
"""Nobody has taken it up; a pump may."""
TAKEN = (State.LEASED, State.INFLIGHT)
"""A worker holds it."""
STOPPABLE = (*WAITING, State.LEASED)
"""Nothing is on the wire yet."""
OPEN = (*WAITING, *TAKEN)
"""Not over yet."""
_SETS = {"WAITING": WAITING, "TAKEN": TAKEN, "STOPPABLE": STOPPABLE, "OPEN": OPEN}
_NUMBERS = {state.name: str(state.value) for state in State}
_LISTS = {name: f"({', '.join(str(state.value) for state in states)})" for name, states in _SETS.items()}


def by_name(statement: str, **other: str) -> str:
    """Return a statement whose {SENT}, {OPEN} and the like are filled with numbers: `state = {SENT}`, `IN {OPEN}`.

    `other` fills holes of its own.
    """
    return statement.format(**_NUMBERS, **_LISTS, **other)
