"""Make, change, archive and rename segments. A segment is filled by refresh.py."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import acts
from crm.access.acts import By
from crm.access.models import User
from crm.access.verbs import Verb
from lib.translated import Texts
from segmentation.rules.grammar import Rule, RuleError, parse, segments_in, to_json
from segmentation.segments import trend
from segmentation.segments.models import Membership, Segment
from segmentation.segments.refresh import refresh


@transaction.atomic
def create(
    *,
    name: str,
    rule: dict[str, Any],
    description: str = "",
    translations: Texts | None = None,
    created_by: User | None = None,
) -> Segment:
    """Make a rule segment and fill it; `translations` are its texts in other languages (lib.translated).

    Raises RuleError for a rule that means nothing.
    """
    tree = parse(rule)
    _check_circle(None, tree)
    segment = Segment.objects.create(
        name=name,
        description=description,
        translations=translations or {},
        rule=to_json(tree),
        created_by=created_by,
    )
    refresh(segment=segment)
    acts.record(by=created_by, verb=Verb.CREATED, on=segment, size=segment.size)
    return segment


@transaction.atomic(durable=True)
def change(
    *,
    segment: Segment,
    name: str,
    rule: dict[str, Any],
    description: str = "",
    translations: Texts | None = None,
    by: By = None,
) -> Segment:
    """Change what a rule segment is called and whom it holds, and fill it again.

    Raises RuleError for a rule that means nothing, or that asks about the segment itself, however indirectly.
    """
    tree = parse(rule)
    _check_circle(segment, tree)
    said: dict[str, Any] = {"name": name, "description": description, "translations": dict(translations or {})}
    said["rule"] = to_json(tree)
    changed = acts.changes({field: getattr(segment, field) for field in said}, said)
    for field, value in said.items():
        setattr(segment, field, value)
    segment.save(update_fields=[*said, "updated_at"])
    refresh(segment=segment)
    acts.record(by=by, verb=Verb.CHANGED, on=segment, size=segment.size, **changed)
    return segment


@transaction.atomic(durable=True)
def rename(*, segment: Segment, name: str, translations: Texts | None = None, by: By = None) -> None:
    """Call a segment something else. A cluster's segment keeps a name people gave it from run to run."""
    said = {"name": name, "translations": dict(translations or {})}
    changed = acts.changes({field: getattr(segment, field) for field in said}, said)
    segment.name, segment.translations = name, said["translations"]
    acts.record(by=by, verb=Verb.RENAMED, on=segment, **changed)
    segment.save(update_fields=["name", "translations", "updated_at"])


@transaction.atomic(durable=True)
def archive(*, segment: Segment, by: By = None) -> None:
    """Put a segment away: everyone leaves it, its history stays.

    Raises RuleError when another segment in use asks about it.
    """
    for other in Segment.objects.in_use().filter(kind=Segment.Kind.RULE).exclude(pk=segment.pk):
        if segment.pk in segments_in(parse(other.rule)):
            raise RuleError(_("The segment “%(name)s” asks about this one.") % {"name": other})
    now = timezone.now()
    Segment.objects.select_for_update().get(pk=segment.pk)
    Membership.objects.open().filter(segment=segment).update(until=now)
    segment.archived_at, segment.size, segment.reachable = now, 0, 0
    segment.save(update_fields=["archived_at", "size", "reachable", "updated_at"])
    trend.note(segment)
    acts.record(by=by, verb=Verb.ARCHIVED, on=segment)


@transaction.atomic(durable=True)
def restore(*, segment: Segment, by: By = None) -> None:
    """Take a segment back into use and fill it."""
    segment.archived_at = None
    segment.save(update_fields=["archived_at", "updated_at"])
    refresh(segment=segment)
    acts.record(by=by, verb=Verb.RESTORED, on=segment)


@transaction.atomic(durable=True)
def note_export(*, segment: Segment, form: str, with_contact: bool, by: By = None) -> None:
    """Write down that the members are taken away, before the first of them is."""
    verb = Verb.CONTACTS_EXPORTED if with_contact else Verb.EXPORTED
    acts.record(by=by, verb=verb, on=segment, form=form, people=segment.size)


def _check_circle(segment: Segment | None, tree: Rule) -> None:
    """Follow what the rule asks about; raise RuleError where that is archived, missing, or leads back."""
    rules = dict(Segment.objects.in_use().values_list("pk", "rule"))
    ahead, seen = segments_in(tree), set[int]()
    while ahead:
        pk = ahead.pop()
        if segment is not None and pk == segment.pk:
            raise RuleError(_("A segment cannot ask about itself."))
        if pk not in rules:
            raise RuleError(_("One of the segments asked about is not in use."))
        seen.add(pk)
        if rules[pk]:
            ahead |= segments_in(parse(rules[pk])) - seen
