"""Make, change, archive and rename segments. A segment is filled by refresh.py."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access.models import User
from segmentation.rules.grammar import Rule, RuleError, parse, segments_in, to_json
from segmentation.segments import trend
from segmentation.segments.models import Membership, Segment
from segmentation.segments.refresh import refresh


@transaction.atomic
def create(
    *, name: str, rule: dict[str, Any], name_zh: str = "", description: str = "", created_by: User | None = None
) -> Segment:
    """Make a rule segment and fill it.

    Raises RuleError for a rule that means nothing.
    """
    tree = parse(rule)
    _check_circle(None, tree)
    segment = Segment.objects.create(
        name=name, name_zh=name_zh, description=description, rule=to_json(tree), created_by=created_by
    )
    refresh(segment=segment)
    return segment


@transaction.atomic
def change(*, segment: Segment, name: str, rule: dict[str, Any], name_zh: str = "", description: str = "") -> Segment:
    """Change what a rule segment is called and whom it holds, and fill it again.

    Raises RuleError for a rule that means nothing, or that asks about the segment itself, however indirectly.
    """
    tree = parse(rule)
    _check_circle(segment, tree)
    segment.name, segment.name_zh, segment.description, segment.rule = name, name_zh, description, to_json(tree)
    segment.save(update_fields=["name", "name_zh", "description", "rule", "updated_at"])
    refresh(segment=segment)
    return segment


def rename(*, segment: Segment, name: str, name_zh: str = "") -> None:
    """Call a segment something else. A cluster's segment keeps a name people gave it from run to run."""
    segment.name, segment.name_zh = name, name_zh
    segment.save(update_fields=["name", "name_zh", "updated_at"])


@transaction.atomic
def archive(*, segment: Segment) -> None:
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


@transaction.atomic
def restore(*, segment: Segment) -> None:
    """Take a segment back into use and fill it."""
    segment.archived_at = None
    segment.save(update_fields=["archived_at", "updated_at"])
    refresh(segment=segment)


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
