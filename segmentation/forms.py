"""Forms of segments: the rule tree as plain fields, the name, the cluster run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.translated import TranslatedFields
from segmentation.clusters.fit import FEWEST, MOST
from segmentation.clusters.matrix import CHOICES, DEFAULT
from segmentation.rules.fields import FIELDS, OP_LABELS, Field, FieldKind, Op
from segmentation.rules.grammar import MAX_DEPTH

NODE = re.compile(r"n\d{1,5}")
FIRST_FIELD = "order_count"
MATCHES = {
    "all": gettext_lazy("all"),
    "any": gettext_lazy("any"),
    "none": gettext_lazy("none"),
    "not_all": gettext_lazy("not all"),
}
VALUELESS = (Op.KNOWN, Op.UNKNOWN)
LISTS = (Op.ONE_OF, Op.NONE_OF)
DAYS = (Op.WITHIN_DAYS, Op.MORE_THAN_DAYS_AGO)


@dataclass
class RowNode:
    """One row of the form. Its id stays the same from answer to answer, so that the focus does too."""

    id: str
    parent: str
    field: Field
    op: Op
    values: list[str] = made(default_factory=list)
    error: str = ""
    is_group = False

    @property
    def ops(self) -> list[tuple[str, Any]]:
        """The operators to choose from."""
        return [(op.value, OP_LABELS[op]) for op in self.field.ops]

    @property
    def control(self) -> str:
        """What the value is typed into: none, days, between, list, segment, purpose, word or number."""
        if self.op in VALUELESS:
            return "none"
        if self.op in DAYS:
            return "days"
        if self.op is Op.BETWEEN:
            return "between"
        if self.op in LISTS:
            return "list"
        if self.field.kind is FieldKind.SEGMENT:
            return "segment"
        if self.field.kind is FieldKind.PURPOSE:
            return "purpose"
        return "word" if self.field.kind is FieldKind.WORD else "number"

    @property
    def step(self) -> str:
        """The step of a number's control."""
        return "1" if self.field.kind in (FieldKind.WHOLE, FieldKind.SHARE) else "any"

    @property
    def blank(self) -> bool:
        """True while the value has not been typed."""
        needed = {"none": 0, "between": 2}.get(self.control, 1)
        return len([value for value in self.values if value.strip()]) < needed

    def to_json(self) -> dict[str, Any]:
        """Return the row in its stored form; what cannot be read as a number is left for the grammar to refuse."""
        plain: dict[str, Any] = {"field": self.field.key, "op": self.op.value}
        typed = [value.strip() for value in self.values]
        match self.control:
            case "none":
                return plain
            case "between":
                return plain | {"value": [self._read(value) for value in typed[:2]]}
            case "list":
                parts = [part.strip() for part in re.split(r"[,，、\n]", typed[0] if typed else "")]
                return plain | {"value": [self._read(part) for part in parts if part]}
            case _:
                return plain | {"value": self._read(typed[0] if typed else "")}

    def _read(self, text: str) -> Any:
        if self.field.kind in (FieldKind.WORD, FieldKind.PURPOSE):
            return text
        try:
            number = float(text.rstrip("%"))
        except ValueError:
            return text
        if self.field.kind is FieldKind.SHARE:
            return round(number / 100, 6)
        whole = self.field.kind in (FieldKind.WHOLE, FieldKind.SEGMENT) or self.op in DAYS
        return int(number) if whole and number.is_integer() else number


@dataclass
class GroupNode:
    """One group of the form."""

    id: str
    parent: str
    match: str
    depth: int
    children: list["RowNode | GroupNode"] = made(default_factory=list)
    error: str = ""
    is_group = True

    @property
    def may_nest(self) -> bool:
        """True while a group may be put into it."""
        return self.depth < MAX_DEPTH

    def walk(self) -> Iterator["RowNode | GroupNode"]:
        """Yield itself and everything in it, in reading order."""
        yield self
        for child in self.children:
            if isinstance(child, GroupNode):
                yield from child.walk()
            else:
                yield child

    def to_json(self, *, drop_blank: bool = False) -> dict[str, Any]:
        """Return the group in its stored form; `drop_blank` leaves out rows nobody has finished typing."""
        parts = []
        for child in self.children:
            if isinstance(child, RowNode):
                if not (drop_blank and child.blank):
                    parts.append(child.to_json())
            else:
                inner = child.to_json(drop_blank=drop_blank)
                if not drop_blank or _holds_something(inner):
                    parts.append(inner)
        if self.match == "all" or (drop_blank and not parts):
            return {"all": parts}
        group: dict[str, Any] = {"all" if self.match == "not_all" else "any": parts}
        return {"not": group} if self.match in {"none", "not_all"} else group

    def at(self, place: str) -> "RowNode | GroupNode":
        """Return the node at a place of the grammar's errors; itself where the place is not in the form."""
        node: RowNode | GroupNode = self
        for step in filter(None, place.split(".")):
            if not isinstance(node, GroupNode) or int(step) >= len(node.children):
                break
            node = node.children[int(step)]
        return node


def _holds_something(stored: dict[str, Any]) -> bool:
    inner = stored.get("not", stored)
    return bool(inner.get("all") or inner.get("any"))


class Tree:
    """The tree as it stands in the page."""

    def __init__(self, root: GroupNode) -> None:
        self.root = root

    @classmethod
    def from_rule(cls, rule: dict[str, Any]) -> "Tree":
        """Return the form of a stored rule; anything but a group is put into one."""
        ids = (f"n{number}" for number in range(1, 100_000))
        inner = rule.get("not", rule)
        whole = rule if "all" in inner or "any" in inner else {"all": [rule] if rule else []}
        return cls(_group_node(whole, "", 1, ids))

    @classmethod
    def from_post(cls, data: QueryDict) -> "Tree":
        """Return the form as posted; what does not belong is left out."""
        root = GroupNode("n0", "", "all", 1)
        groups: dict[str, GroupNode] = {}
        seen: set[str] = set()
        for name in data.getlist("node"):
            if not NODE.fullmatch(name) or name in seen:
                continue
            seen.add(name)
            if data.get(f"{name}.kind") == "group":
                match = data.get(f"{name}.match", "all")
                parent = groups.get(data.get(f"{name}.parent", ""))
                above, depth = (parent.id, parent.depth + 1) if parent else ("", 1)
                node = GroupNode(name, above, match if match in MATCHES else "all", depth)
                groups[name] = node
                if parent is None:
                    root = node if len(groups) == 1 else root
                elif node.depth <= MAX_DEPTH:
                    parent.children.append(node)
            elif parent := groups.get(data.get(f"{name}.parent", "")):
                parent.children.append(_posted_row(name, parent.id, data))
        return cls(root)

    def act(self, act: str) -> str:
        """Do what a button says (`add_row:n1`, `add_group:n1`, `remove:n2`); return the node to look at next."""
        verb, _colon, name = act.partition(":")
        nodes = {node.id: node for node in self.root.walk()}
        node = nodes.get(name)
        if node is None:
            return ""
        fresh = max(int(known[1:]) for known in nodes) + 1
        if verb == "add_row" and isinstance(node, GroupNode):
            node.children.append(_fresh_row(fresh, node.id))
            return f"n{fresh}"
        if verb == "add_group" and isinstance(node, GroupNode) and node.may_nest:
            group = GroupNode(f"n{fresh}", node.id, "any", node.depth + 1)
            group.children.append(_fresh_row(fresh + 1, group.id))
            node.children.append(group)
            return f"n{fresh + 1}"
        parent = nodes.get(node.parent)
        if verb == "remove" and isinstance(parent, GroupNode):
            parent.children.remove(node)
            return parent.id
        return ""


def _fresh_row(number: int, parent: str) -> RowNode:
    first = FIELDS[FIRST_FIELD]
    return RowNode(f"n{number}", parent, first, first.ops[0])


def _posted_row(name: str, parent: str, data: QueryDict) -> RowNode:
    asked = FIELDS.get(data.get(f"{name}.field", ""), FIELDS[FIRST_FIELD])
    op = next((op for op in asked.ops if op.value == data.get(f"{name}.op")), asked.ops[0])
    values = data.getlist(f"{name}.value")[:2]
    # A value typed for another field would be nonsense for this one, and so may be the comparison.
    was = FIELDS.get(data.get(f"{name}.was", asked.key), asked)
    if was.key != asked.key:
        values, op = [], op if was.kind is asked.kind else asked.ops[0]
    return RowNode(name, parent, asked, op, values)


def _group_node(rule: dict[str, Any], parent: str, depth: int, ids: Iterator[str]) -> GroupNode:
    inner = rule.get("not", rule)
    match = {(True, False): "all", (False, False): "any", (True, True): "not_all", (False, True): "none"}[
        "all" in inner, "not" in rule
    ]
    node = GroupNode(next(ids), parent, match, depth)
    for part in inner.get("all", inner.get("any", [])):
        grouped = part.get("not", part)
        if "all" in grouped or "any" in grouped:
            node.children.append(_group_node(part, node.id, depth + 1, ids))
        elif "not" in part:
            node.children.append(_group_node({"not": {"any": [grouped]}}, node.id, depth + 1, ids))
        else:
            node.children.append(_stored_row(part, next(ids), node.id))
    return node


def _stored_row(part: dict[str, Any], name: str, parent: str) -> RowNode:
    asked = FIELDS[part["field"]]
    op, value = Op(part["op"]), part.get("value")
    if value is None:
        return RowNode(name, parent, asked, op)
    parts = value if isinstance(value, list) else [value]
    written = [_written(asked, one) for one in parts]
    return RowNode(name, parent, asked, op, [", ".join(written)] if op in LISTS else written)


def _written(asked: Field, value: Any) -> str:
    if asked.kind is FieldKind.SHARE and isinstance(value, int | float):
        return f"{value * 100:g}"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


class SegmentNameForm(TranslatedFields, forms.Form):
    """What a segment is called, for whoever changes nothing else."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)


class SegmentForm(TranslatedFields, forms.Form):
    """What a segment is called."""

    TEXTS = ("name", "description")

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=1_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ClusterForm(forms.Form):
    """What a cluster run is asked."""

    k = forms.TypedChoiceField(
        label=gettext_lazy("Number of clusters"),
        coerce=int,
        choices=lambda: [(0, _("Let it choose")), *((k, str(k)) for k in range(FEWEST, MOST + 1))],
    )
    features = forms.MultipleChoiceField(
        label=gettext_lazy("Compare people by"),
        choices=lambda: [(feature.name, feature.label) for feature in CHOICES],
        initial=list(DEFAULT),
        widget=forms.CheckboxSelectMultiple,
    )
