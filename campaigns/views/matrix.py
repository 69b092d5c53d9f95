"""The matrix of a campaign: who gets which offer in which mail, with live counts."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from campaigns.emails.models import EmailTemplate
from campaigns.forms import MatrixForm, ScheduleForm
from campaigns.offers.eligibility import eligible
from campaigns.offers.wording import in_full
from campaigns.planning import audience, checklist, draft, suggest
from campaigns.planning.models import Campaign
from campaigns.sending.models import Delivery
from crm.access.guards import for_editors, may_edit, signed_in
from segmentation.segments.models import Segment


@require_POST
@for_editors
def campaign_matrix(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the matrix as posted; answers the matrix and the review beside it to htmx."""
    row = get_object_or_404(Campaign, pk=pk)
    try:
        draft.set_cells(campaign=row, rows=MatrixForm(request.POST, row).rows(), by=signed_in(request))
    except (draft.NotADraft, ValidationError) as wrong:
        messages.error(request, "; ".join(wrong.messages) if isinstance(wrong, ValidationError) else str(wrong))
    if not request.headers.get("HX-Request"):
        return redirect("campaigns:campaign", pk)
    context = {
        "campaign": row,
        "is_draft": True,
        "schedule_form": ScheduleForm(),
        "time_zone": timezone.get_current_timezone_name(),
        **matrix_context(request, row),
    }
    answer = render(request, "campaigns/planning/_matrix_saved.html", context)
    return trigger_client_event(answer, "matrix-saved")


@require_POST
@for_editors
def campaign_suggest(request: HttpRequest, pk: int) -> HttpResponse:
    """Fill the matrix by the rules of planning.suggest, and show why."""
    row = get_object_or_404(Campaign, pk=pk)
    try:
        draft.set_cells(campaign=row, rows=[one.row for one in suggest.suggest(row)], by=signed_in(request))
    except (suggest.NothingToSuggest, draft.NotADraft) as wrong:
        messages.error(request, str(wrong))
        return redirect("campaigns:campaign", pk)
    return redirect(reverse("campaigns:campaign", args=[pk]) + "?why=1")


def matrix_context(request: HttpRequest, row: Campaign) -> dict[str, Any]:
    """Return what the matrix and the review show; counts are of today while the campaign is a draft."""
    language = get_language() or "en"
    cells = list(row.cells.select_related("segment", "offer", "template").order_by("position", "id"))
    is_draft = row.state in {Campaign.State.DRAFT, Campaign.State.SCHEDULED}
    counted = audience.kept_count(row) if is_draft else None
    taken = {cell.segment_id for cell in cells}
    offers = list(eligible()) + [cell.offer for cell in cells if cell.offer]
    problems = checklist.problems(row) if row.state == Campaign.State.DRAFT else []
    reasons = dict(Delivery.Reason.choices)
    return {
        "cells": [
            {
                "cell": cell,
                "audience": counted.cells.get(cell.pk) if counted else None,
                "offer_words": in_full(cell.offer, language) if cell.offer else _("No offer"),
            }
            for cell in cells
        ],
        "audience": counted,
        "excluded": sorted(
            ((reasons.get(reason, reason), people) for reason, people in counted.excluded.items()),
            key=lambda pair: -pair[1],
        )
        if counted
        else [],
        "offers": [
            {"pk": offer.pk, "name": f"{offer.name_in(language)} · {in_full(offer, language)}"}
            for offer in {offer.pk: offer for offer in offers}.values()
        ],
        "templates": EmailTemplate.objects.filter(Q(archived_at__isnull=True) | Q(cells__campaign=row)).distinct(),
        "free_segments": [one for one in Segment.objects.in_use().order_by("-size", "pk")[:200] if one.pk not in taken],
        "problems": problems,
        "is_blocked": any(problem.blocking for problem in problems),
        "may_edit": may_edit(request),
    }
