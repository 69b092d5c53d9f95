"""The mail as a customer of the campaign would get it, and a test of it by mail."""

import contextlib
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.emails.problems import CompileError
from campaigns.emails.render import RenderError
from campaigns.forms import TestForm, first_error
from campaigns.planning.models import Campaign, CampaignCell
from campaigns.planning.preview import NoText, Preview, beside, cell_of, find, first, preview, reaches
from campaigns.planning.test_send import NotSent, TestUnreachable, send_test
from campaigns.sending.configuration import NotConfigured
from campaigns.views.framed import framed, without_pictures
from crm.access.guards import for_editors, signed_in
from crm.customers.models import Customer
from crm.privacy import reveal


def campaign_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the preview card: who is looked at, subject, frame, text, and the form for a test.

    Query: `customer` (public id) with `step` (next or previous), or `q` (a customer's number or public id), `name`
    (1 shows the real first name; each look is logged).
    """
    campaign = get_object_or_404(Campaign, pk=pk)
    customer, missed = _chosen(request, campaign)
    cell = cell_of(campaign, customer) if customer else None
    context: dict[str, Any] = {
        "campaign": campaign,
        "customer": customer,
        "cell": cell,
        "missed": missed,
        "query": request.GET.get("q", ""),
        "named": _named(request),
        "may_reveal": signed_in(request).may_reveal,
        "may_edit": signed_in(request).may_edit,
    }
    if customer and cell:
        try:
            context["shown"] = _shown(request, cell, customer)
        except (NoText, CompileError, RenderError) as wrong:
            context["failed"] = str(wrong) or _("The e-mail of this row has no text.")
    return render(request, "campaigns/planning/_preview.html", context)


@framed
def campaign_preview_mail(request: HttpRequest, pk: int, customer: UUID) -> HttpResponse:
    """Show the mail itself, for the frame of the preview card."""
    campaign = get_object_or_404(Campaign, pk=pk)
    row = get_object_or_404(Customer, uuid=customer)
    cell = cell_of(campaign, row)
    if cell is None:
        return HttpResponse(status=404)
    try:
        return HttpResponse(without_pictures(_shown(request, cell, row).mail.html))
    except (NoText, CompileError, RenderError):
        return HttpResponse(status=422)


@require_POST
@for_editors
def campaign_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the mail of the customer being looked at to the address typed."""
    campaign = get_object_or_404(Campaign, pk=pk)
    form = TestForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect("campaigns:campaign", pk)
    customer = get_object_or_404(Customer, uuid=form.cleaned_data["customer"])
    cell = cell_of(campaign, customer) if reaches(campaign, customer) else None
    try:
        if cell is None:
            raise NoText
        actor = f"user:{signed_in(request).pk}"
        send_test(cell=cell, customer=customer, address=form.cleaned_data["address"], actor=actor)
    except (NoText, CompileError, RenderError):
        messages.error(request, _("The mail has errors; see the checklist."))
    except NotConfigured as wrong:
        messages.error(request, str(wrong))
    except TestUnreachable:
        messages.error(request, _("No mail server answers. Nothing was sent."))
    except NotSent as refused:
        said = f"{refused.code or ''} {refused.reply}".strip()
        messages.error(request, f"{_('The mail server refused the test mail.')} {said}".strip())
    else:
        messages.success(request, _("The test is on its way."))
    return redirect("campaigns:campaign", pk)


def _chosen(request: HttpRequest, campaign: Campaign) -> tuple[Customer | None, bool]:
    if words := request.GET.get("q", "").strip():
        wanted = find(campaign, words)
        return (wanted, False) if wanted else (first(campaign), True)
    current: Customer | None = None
    # What is not an id begins with the first.
    with contextlib.suppress(ValueError):
        current = Customer.objects.filter(uuid=UUID(request.GET.get("customer", ""))).first()
    if current is None:
        return first(campaign), False
    step = request.GET.get("step")
    if step in {"next", "previous"}:
        return beside(campaign, current, forwards=step == "next") or current, False
    return current if reaches(campaign, current) else first(campaign), False


def _named(request: HttpRequest) -> bool:
    return request.GET.get("name") == "1" and signed_in(request).may_reveal


def _shown(request: HttpRequest, cell: CampaignCell, customer: Customer) -> Preview:
    shown = preview(cell=cell, customer=customer)
    if not (shown.needs_name and _named(request)):
        return shown
    actor = f"user:{signed_in(request).pk}"
    name = reveal.first_name(customer=customer, actor=actor, reason=f"preview of campaign {cell.campaign_id}")
    return preview(cell=cell, customer=customer, first_name=name)
