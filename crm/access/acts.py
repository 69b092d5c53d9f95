"""Who did what, when, to what: one row, written in the transaction of the verb itself."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import Model

from crm.access.models import Act, ApiKey, User
from crm.access.verbs import KINDS, Program, Verb

By = User | ApiKey | Program | str | None
"""Who acts: a person, a key, a program, or the name either has in the log of openings (`user:1`, `api:<prefix>`).
None stands for Relata itself."""
LABEL = 120


class OutsideTransaction(Exception):
    """An act is written together with what it tells of, or not at all."""


def record(*, by: By, verb: Verb, on: Model | str, **details: Any) -> Act:
    """Write down one act in the transaction of the change it tells of.

    `on` is the row it was done to, or the word of verbs.KINDS where there is none. `details` are JSON values that say
    nothing about a customer: old and new values, counts, other rows' ids. A row's name is frozen as it is now; one
    that has `name_in_acts` is called by that, because `str()` of it may name a person.
    Raises OutsideTransaction; KeyError for a kind that is not in verbs.KINDS.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(f"{verb}: open a transaction around the change and its act")
    kind, object_id, label = on if isinstance(on, str) else on._meta.label_lower, None, ""
    if kind not in KINDS:
        raise KeyError(f"{kind} is no kind of thing that acts are written about: crm/access/verbs.py")
    if isinstance(on, Model):
        named = f"#{on.pk}" if type(on).__str__ is Model.__str__ else str(on)
        object_id, label = on.pk, str(getattr(on, "name_in_acts", named))[:LABEL]
    return Act.objects.create(
        verb=verb, kind=kind, object_id=object_id, label=label, details=_plain(details), **_author(by)
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return field → [old, new] for what differs, ready to be the details of an act."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}


def _author(by: By) -> dict[str, Any]:
    if isinstance(by, Program):
        return {"program": by}
    if isinstance(by, str):
        kind, _colon, rest = by.partition(":")
        known = kind == "user" and rest.isascii() and rest.isdecimal()
        if known and (user := User.objects.filter(pk=int(rest)).first()):
            return {"user": user}
        if kind == "api" and (key := ApiKey.objects.filter(prefix=rest).first()):
            return {"api_key": key}
        return {"program": Program.COMMAND if kind == "command" else Program.SYSTEM}
    if isinstance(by, User):
        return {"user": by}
    return {"api_key": by} if by else {"program": Program.SYSTEM}


def _plain(value: Any) -> Any:
    """Return the value as JSON can hold it: dates, decimals and lazy words as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)
