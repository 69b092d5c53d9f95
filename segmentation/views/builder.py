"""The segment builder: a tree of plain form fields, drawn by the server, with a live count."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.access.guards import editor
from crm.access.models import User
from crm.consents.purposes import BY_KEY, LABELS, Purpose
from crm.customers.models import Customer
from crm.privacy import reveal
from lib.kept import kept
from lib.outside import whole
from segmentation.forms import MATCHES, RowNode, SegmentForm, Tree
from segmentation.rules.choices import choices
from segmentation.rules.compile import compile_rule
from segmentation.rules.fields import FIELDS, FieldKind
from segmentation.rules.grammar import Rule, RuleError, parse
from segmentation.segments import edit
from segmentation.segments.count import Count, count_rule
from segmentation.segments.models import Segment
from segmentation.segments.starters import STARTERS

SAMPLE = 5
KEPT_SECONDS = 30
"""So long the count of a rule is shown to whoever asks for the same one."""
TO_START_WITH: dict[str, Any] = {"all": [{"field": "order_count", "op": "at_least", "value": 2}]}


@require_http_methods(["GET", "POST"])
def segment_new(request: HttpRequest) -> HttpResponse:
    """Build a segment, from a ready-made one with `?from=`, or from a rule a cluster suggests with `?cluster=`."""
    user = editor(request)
    if request.method == "POST":
        return _posted(request, None, user)
    starter = STARTERS.get(request.GET.get("from", ""))
    own, translations = starter.texts() if starter else ({}, {})
    form = SegmentForm(initial=own, translations=translations)
    tree = Tree.from_rule(starter.rule if starter else TO_START_WITH)
    return render(request, "segmentation/segments/builder.html", _context(user, None, form, tree))


@require_http_methods(["GET", "POST"])
def segment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the rules of a segment."""
    user = editor(request)
    row = get_object_or_404(Segment, pk=pk, kind=Segment.Kind.RULE)
    if request.method == "POST":
        return _posted(request, row, user)
    own = {"name": row.name, "description": row.description}
    form = SegmentForm(initial=own, translations=row.translations)
    try:
        parse(row.rule)
        tree = Tree.from_rule(row.rule)
    except RuleError as error:
        messages.error(request, str(error))
        tree = Tree.from_rule(TO_START_WITH)
    return render(request, "segmentation/segments/builder.html", _context(user, row, form, tree))


@require_POST
def segment_preview(request: HttpRequest) -> HttpResponse:
    """Answer the builder again, after a button or a change, with the count of the rule as it stands."""
    user = editor(request)
    pk = whole(request.POST.get("segment"))
    row = Segment.objects.filter(pk=pk).first() if pk is not None else None
    tree = Tree.from_post(request.POST)
    focus = tree.act(request.POST.get("act", ""))
    context = _context(user, row, SegmentForm(initial=request.POST.dict()), tree, focus)
    return render(request, "segmentation/segments/_builder.html", context)


def _posted(request: HttpRequest, row: Segment | None, user: User) -> HttpResponse:
    """Save, or without JavaScript do what a button of the tree says and show the page again."""
    tree = Tree.from_post(request.POST)
    act = request.POST.get("act", "save")
    form = SegmentForm(request.POST, translations=row.translations if row else None)
    if act != "save":
        focus = tree.act(act)
        context = _context(user, row, SegmentForm(initial=request.POST.dict()), tree, focus)
        return render(request, "segmentation/segments/builder.html", context)
    if form.is_valid():
        try:
            saved = _save(row, form, tree, user)
        except RuleError as error:
            tree.root.at(error.place).error = str(error)
        else:
            messages.success(request, _("The segment was saved."))
            return redirect("segmentation:segment", saved.pk)
    return render(request, "segmentation/segments/builder.html", _context(user, row, form, tree), status=422)


def _save(row: Segment | None, form: SegmentForm, tree: Tree, user: User) -> Segment:
    said, rule = form.cleaned_data, tree.root.to_json()
    words = {"name": said["name"], "description": said["description"], "translations": form.translations()}
    if row is None:
        return edit.create(rule=rule, created_by=user, **words)
    return edit.change(segment=row, rule=rule, by=user, **words)


def _context(user: User, row: Segment | None, form: SegmentForm, tree: Tree, focus: str = "") -> dict[str, Any]:
    rule: Rule | None = None
    written = tree.root.to_json(drop_blank=True)
    try:
        rule = parse(written)
    except RuleError as error:
        node = tree.root.at(error.place)
        node.error = node.error or str(error)
    asked = [node for node in tree.root.walk() if isinstance(node, RowNode)]
    words = {node.field.key: node.field for node in asked if node.field.kind is FieldKind.WORD}
    others = Segment.objects.in_use().exclude(pk=row.pk) if row else Segment.objects.in_use()
    return {
        "nav": "segments",
        "segment": row,
        "form": form,
        "tree": tree.root,
        "focus": focus,
        "count": _count(row, rule, written) if rule else None,
        "sample": _sample(rule, user) if rule else [],
        "unfinished": any(node.blank for node in asked),
        "groups": _fields_by_group(),
        "matches": list(MATCHES.items()),
        "word_lists": {key: choices(field) for key, field in words.items()},
        "purposes": [(key, LABELS[purpose]) for key, purpose in BY_KEY.items() if purpose is not Purpose.SERVICE],
        "other_segments": [(str(other.pk), other) for other in others],
        "action": reverse("segmentation:segment_edit", args=[row.pk]) if row else reverse("segmentation:segment_new"),
    }


def _count(row: Segment | None, rule: Rule, written: Any) -> Count:
    """What the last refresh counted, where the rule is still the segment's own: no page counts what is stored."""
    try:
        is_own = row is not None and row.refreshed_at is not None and rule == parse(row.rule)
    except RuleError:
        is_own = False
    if row and is_own:
        return Count(row.size, row.reachable)
    # Everybody who begins a segment sees the same rule first, and rows are taken out and put back.
    return kept(f"rule:{json.dumps(written)}", KEPT_SECONDS, lambda: count_rule(rule))


def _fields_by_group() -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for field in FIELDS.values():
        groups.setdefault(str(field.group), []).append(field)
    return list(groups.items())


def _sample(rule: Rule, viewer: User) -> list[dict[str, Any]]:
    people: list[Any] = list(
        Customer.objects.active()
        .filter(compile_rule(rule))
        .annotate(orders=FIELDS["order_count"].known)
        .order_by("pk")[:SAMPLE]
    )
    masks = reveal.masked([customer.pk for customer in people], viewer=viewer)
    return [{"customer": customer, "mask": masks.get(customer.pk, {})} for customer in people]
