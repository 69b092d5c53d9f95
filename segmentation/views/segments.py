"""Segments: the list, one segment, its members to take away, putting it away."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.access.guards import editor, signed_in
from crm.privacy import reveal
from lib.outside import whole
from segmentation.clusters.models import Cluster
from segmentation.forms import SegmentNameForm
from segmentation.rules.grammar import RuleError, parse
from segmentation.rules.grammar import rows as rule_rows
from segmentation.rules.words import outline
from segmentation.segments import edit, members, starters, trend
from segmentation.segments.models import Segment
from segmentation.segments.writing import csv_lines, ndjson_lines

SPARK_DAYS, SPARK_STEPS = 30, 8
TREND_DAYS, TREND_STEPS = 84, 13
KINDS = ("rule", "cluster", "fixed")
FORMATS = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


def names_of_segments() -> dict[int, str]:
    """Return segment id → name, for rules that ask about segments."""
    return {segment.pk: segment.shown_name for segment in Segment.objects.all()}


@require_GET
def segments(request: HttpRequest) -> HttpResponse:
    """List the segments in use, or those put away with `?archived=1`."""
    archived = request.GET.get("archived") == "1"
    kind = request.GET.get("kind", "")
    found = Segment.objects.filter(archived_at__isnull=not archived)
    if kind in KINDS:
        found = found.filter(kind=kind)
    rows = list(found.order_by("-size", "name"))
    points = trend.sizes([row.pk for row in rows], trend.days(span=SPARK_DAYS, steps=SPARK_STEPS))
    made = set(Segment.objects.filter(kind="rule").values_list("name", flat=True))
    context = {
        "nav": "segments",
        "rows": [{"segment": row, "points": points[row.pk], "change": _change(points[row.pk])} for row in rows],
        "archived": archived,
        "kind": kind,
        "starters": [starter for starter in starters.STARTERS.values() if starter.texts()[0]["name"] not in made],
        "counts": {name: Segment.objects.in_use().filter(kind=name).count() for name in KINDS},
        "total": Segment.objects.in_use().count(),
        "put_away": Segment.objects.filter(archived_at__isnull=False).count(),
    }
    return render(request, "segmentation/segments/list.html", context)


def _change(points: list[int]) -> str:
    change = points[-1] - points[0]
    return f"{'+' if change > 0 else ''}{formats.number_format(change, force_grouping=True)}" if change else ""


@require_GET
def segment(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one segment: members, rules in words, trend, where it is used."""
    row = get_object_or_404(Segment, pk=pk)
    after = request.GET.get("after", "0")
    page, next_after = members.page(row, after=whole(after) or 0)
    masks = reveal.masked([member.customer_id for member in page], viewer=signed_in(request))
    here = reverse("segmentation:segment", args=[pk])
    context = {
        "nav": "segments",
        "segment": row,
        "naming": SegmentNameForm(initial={"name": row.name}, translations=row.translations),
        "members": [{"member": member, "mask": masks.get(member.customer_id, {})} for member in page],
        "next_url": f"{here}?after={next_after}" if next_after else "",
        "previous_url": here if after not in {"", "0"} else "",
        "shown": len(page),
        "trend": _trend(row),
        "cells": row.cells.select_related("campaign").order_by("-campaign_id")[:20],
        "cluster": Cluster.objects.filter(segment_ref=pk).select_related("run").order_by("-run_id").first(),
        **_rule_context(row),
    }
    return render(request, "segmentation/segments/segment.html", context)


def _rule_context(row: Segment) -> dict[str, Any]:
    if row.kind != Segment.Kind.RULE:
        return {}
    try:
        rule = parse(row.rule)
    except RuleError as error:
        return {"broken": str(error)}
    return {
        "outline": outline(rule, names_of_segments()),
        "profiling": any(one.field.profiling for one in rule_rows(rule)),
    }


def _trend(row: Segment) -> dict[str, Any]:
    at = trend.days(span=TREND_DAYS, steps=TREND_STEPS)
    sizes = trend.sizes([row.pk], at)[row.pk]
    days = [formats.date_format(day, "MONTH_DAY_FORMAT") for day in at]
    return {"x": days, "series": [{"name": _("Members"), "data": sizes, "area": True}]}


@require_POST
def segment_start(request: HttpRequest, key: str) -> HttpResponse:
    """Make a ready-made segment."""
    user = editor(request)
    if key not in starters.STARTERS:
        return redirect("segmentation:segments")
    made = starters.start(key=key, created_by=user)
    messages.success(request, _("The segment was made."))
    return redirect("segmentation:segment", made.pk)


@require_POST
def segment_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a segment away."""
    user = editor(request)
    row = get_object_or_404(Segment, pk=pk)
    try:
        edit.archive(segment=row, by=user)
    except RuleError as error:
        messages.error(request, str(error))
        return redirect("segmentation:segment", pk)
    messages.success(request, _("The segment was archived. Its history stays."))
    return redirect("segmentation:segments")


@require_POST
def segment_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a segment back into use."""
    user = editor(request)
    edit.restore(segment=get_object_or_404(Segment, pk=pk), by=user)
    messages.success(request, _("The segment is in use again."))
    return redirect("segmentation:segment", pk)


@require_POST
def segment_rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a segment something else; for a cluster this is the name that stays."""
    user = editor(request)
    row = get_object_or_404(Segment, pk=pk)
    form = SegmentNameForm(request.POST, translations=row.translations)
    if not form.is_valid():
        messages.error(request, _("Enter a name of at most 120 characters."))
    else:
        edit.rename(segment=row, name=form.cleaned_data["name"], translations=form.translations(), by=user)
        messages.success(request, _("The name was changed."))
    back = whole(request.POST.get("run"))
    return redirect("segmentation:segment", pk) if back is None else redirect("segmentation:cluster_run", back)


@require_http_methods(["GET", "POST"])
def segment_export(request: HttpRequest, pk: int, form: str) -> StreamingHttpResponse:
    """Stream the members: pseudonyms on GET, with contact data on POST by people who may reveal (logged)."""
    user = signed_in(request)
    row = get_object_or_404(Segment, pk=pk)
    columns: tuple[str, ...] = members.COLUMNS
    rows = members.export(row)
    if request.method == "POST":
        if not user.may_reveal:
            raise PermissionDenied
        columns = (*members.COLUMNS, *members.CONTACT)
        rows = members.export_with_contact(row, actor=f"user:{user.pk}")
    edit.note_export(segment=row, form=form, with_contact=request.method == "POST", by=user)
    lines = csv_lines(columns, rows) if form == "csv" else ndjson_lines(rows)
    answer = StreamingHttpResponse(lines, content_type=FORMATS[form])
    answer["Content-Disposition"] = f'attachment; filename="segment-{pk}.{form}"'
    answer["Cache-Control"] = "no-store"
    return answer
