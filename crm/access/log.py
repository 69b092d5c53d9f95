"""Reading the log of acts: of one thing, or of everything that is asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Model, QuerySet
from django.utils import timezone

from crm.access.models import Act, User
from crm.access.verbs import KINDS, OF_ACCESS, Program, Verb


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody wants to see of the log; empty fields narrow nothing."""

    who: str = ""
    """`user:<id>`, `api:<id>`, or a word of Program."""
    verb: str = ""
    kind: str = ""
    object_id: int | None = None
    since: date | None = None
    until: date | None = None
    """The last day shown, whole."""


def of(thing: Model) -> QuerySet[Act]:
    """Return what was done to one thing, the newest first."""
    found = Act.objects.filter(kind=thing._meta.label_lower, object_id=thing.pk)
    return found.select_related("user", "api_key").order_by("-id")


def find(asked: Asked, *, viewer: User) -> QuerySet[Act]:
    """Return what was done, the newest first, as far as the viewer may know.

    How colleagues got in, and who let them, is for administrators; everybody else sees their own of it.
    """
    found = seen_by(viewer).select_related("user", "api_key")
    if asked.who in Program.values:
        found = found.filter(program=asked.who)
    elif asked.who:
        kind, _colon, pk = asked.who.partition(":")
        known = pk.isascii() and pk.isdecimal() and len(pk) < 19
        found = found.filter(**{"api_key" if kind == "api" else "user": int(pk)}) if known else found.none()
    if asked.verb:
        found = found.filter(verb=asked.verb)
    if asked.kind:
        found = found.filter(kind=asked.kind)
    if asked.object_id is not None:
        found = found.filter(object_id=asked.object_id)
    if asked.since:
        found = found.filter(at__gte=_midnight(asked.since))
    if asked.until:
        found = found.filter(at__lt=_midnight(asked.until + timedelta(days=1)))
    return found.order_by("-id")


def seen_by(viewer: User) -> QuerySet[Act]:
    """Return the acts one may read about."""
    if viewer.role == User.Role.ADMIN:
        return Act.objects.all()
    return Act.objects.exclude(kind__in=OF_ACCESS) | Act.objects.filter(user=viewer)


def kinds_seen_by(viewer: User) -> list[str]:
    """Return the kinds of things one may read about, in the order they are declared."""
    return [kind for kind in KINDS if viewer.role == User.Role.ADMIN or kind not in OF_ACCESS]


def verbs() -> Iterable[tuple[str, str]]:
    """Return every verb with its words, in the alphabetical order of the words."""
    return sorted(((verb.value, str(verb.label)) for verb in Verb), key=lambda pair: pair[1])


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
