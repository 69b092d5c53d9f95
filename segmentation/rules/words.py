"""A rule in words, in the language of the page."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.consents.purposes import BY_KEY, LABELS
from segmentation.rules.fields import Field, FieldKind, Op
from segmentation.rules.grammar import Not, Rule, RuleGroup, RuleRow, Value

# Whole sentences, because word order differs between languages.
SENTENCES: dict[Op, str | Promise] = {
    Op.IS: gettext_lazy("%(field)s is %(value)s"),
    Op.IS_NOT: gettext_lazy("%(field)s is not %(value)s"),
    Op.ONE_OF: gettext_lazy("%(field)s is one of %(value)s"),
    Op.NONE_OF: gettext_lazy("%(field)s is none of %(value)s"),
    Op.AT_LEAST: gettext_lazy("%(field)s is at least %(value)s"),
    Op.AT_MOST: gettext_lazy("%(field)s is at most %(value)s"),
    Op.BETWEEN: gettext_lazy("%(field)s is between %(low)s and %(high)s"),
    Op.CONTAINS: gettext_lazy("%(field)s contains %(value)s"),
    Op.WITHIN_DAYS: gettext_lazy("%(field)s was in the last %(value)s"),
    Op.MORE_THAN_DAYS_AGO: gettext_lazy("%(field)s was more than %(value)s ago"),
    Op.KNOWN: gettext_lazy("%(field)s is known"),
    Op.UNKNOWN: gettext_lazy("%(field)s is not known"),
}
SEGMENT_SENTENCES: dict[Op, str | Promise] = {
    Op.IS: gettext_lazy("is in the segment %(value)s"),
    Op.IS_NOT: gettext_lazy("is not in the segment %(value)s"),
}
PURPOSE_SENTENCES: dict[Op, str | Promise] = {
    Op.IS: gettext_lazy("allows: %(value)s"),
    Op.IS_NOT: gettext_lazy("does not allow: %(value)s"),
}
HEADS: dict[tuple[bool, bool], str | Promise] = {
    (True, False): gettext_lazy("All of these hold"),
    (False, False): gettext_lazy("At least one of these holds"),
    (True, True): gettext_lazy("Not all of these hold"),
    (False, True): gettext_lazy("None of these holds"),
}
Names = Mapping[int, str]
"""Names of segments by id."""


def sentence(row: RuleRow, names: Names | None = None) -> str:
    """Return one row as a sentence."""
    if row.field.kind is FieldKind.SEGMENT:
        known = (names or {}).get(row.value if isinstance(row.value, int) else 0)
        return str(SEGMENT_SENTENCES[row.op]) % {"value": f"“{known or row.value}”"}
    if row.field.kind is FieldKind.PURPOSE:
        return str(PURPOSE_SENTENCES[row.op]) % {"value": LABELS[BY_KEY[str(row.value)]]}
    words: dict[str, Any] = {"field": row.field.label}
    match row.op, row.value:
        case Op.BETWEEN, (low, high):
            words |= {"low": shown(row.field, low), "high": shown(row.field, high)}
        case ((Op.WITHIN_DAYS | Op.MORE_THAN_DAYS_AGO), int(days)):
            words["value"] = ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
        case _, tuple(parts):
            words["value"] = get_text_list([shown(row.field, part) for part in parts], _("or"))
        case _, value:
            words["value"] = shown(row.field, value)
    return str(SENTENCES[row.op]) % words


def outline(rule: Rule, names: Names | None = None) -> dict[str, Any]:
    """Return a rule as a tree to show: {"head": sentence, "parts": [tree, …]}; a row has no parts."""
    match rule:
        case RuleRow():
            return {"head": sentence(rule, names), "parts": []}
        case Not(RuleRow() as row):
            return {"head": _("Not true: %(sentence)s") % {"sentence": sentence(row, names)}, "parts": []}
        case Not(RuleGroup() as group):
            return {"head": str(HEADS[group.every, True]), "parts": [outline(part, names) for part in group.rules]}
        case RuleGroup():
            head = HEADS[rule.every, False] if rule.rules else _("Everyone")
            return {"head": str(head), "parts": [outline(part, names) for part in rule.rules]}
        case _:
            raise AssertionError("A rule is a row, a group or a not.")


def shown(field: Field, value: Value | datetime | float) -> str:
    """Return a value of a field as people read it; "—" when it is not known."""
    if value is None or value == "":
        return "—"
    match field.kind:
        case FieldKind.SHARE:
            return _("%(percent)s%%") % {"percent": _number(float(str(value)) * 100, 0)}
        case FieldKind.MONEY:
            return f"{settings.WORKSPACE_CURRENCY} {_number(float(str(value)), 2)}"
        case FieldKind.WHOLE:
            return _number(value, 0) if not isinstance(value, str) else value
        case FieldKind.NUMBER:
            return _number(float(str(value)), 1)
        case FieldKind.MOMENT if isinstance(value, datetime):
            return formats.date_format(timezone.localtime(value), "DATE_FORMAT")
        case FieldKind.WORD:
            return f"“{value}”"
        case _:
            return str(value)


def _number(value: Any, digits: int) -> str:
    rounded = Decimal(str(round(float(value), digits)))
    places = 0 if rounded == rounded.to_integral_value() else digits
    return formats.number_format(rounded, decimal_pos=places, force_grouping=True)
