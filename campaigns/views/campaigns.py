"""Pages of campaigns: the list, one campaign, and what is done to it."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from campaigns.forms import NameForm, ScheduleForm, SenderForm, first_error
from campaigns.planning import draft, holding, launch, suggest
from campaigns.planning.models import Campaign
from campaigns.planning.progress import Progress, progress
from campaigns.sending.configuration import NotConfigured
from campaigns.views.matrix import matrix_context
from crm.access.guards import for_editors, may_edit, signed_in
from crm.access.models import User
from lib.outside import whole

PAGE = 25
MOVING = {Campaign.State.SCHEDULED, Campaign.State.FREEZING, Campaign.State.SENDING}
SENT_OR_SENDING = {Campaign.State.SENDING, Campaign.State.PAUSED, Campaign.State.SENT, Campaign.State.CANCELLED}


def campaigns(request: HttpRequest) -> HttpResponse:
    """List campaigns, newest first; asks for itself again while one is on its way."""
    state = request.GET.get("state", "")
    found: QuerySet[Campaign] = Campaign.objects.annotate(rows=Count("cells")).select_related("held_by")
    if state in Campaign.State.values:
        found = found.filter(state=state)
    before = whole(request.GET.get("before"))
    if before is not None:
        found = found.filter(pk__lt=before)
    page = list(found.order_by("-pk")[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    far = progress(page)
    context = {
        "nav": "campaigns",
        "rows": [{"campaign": row, "progress": far.get(row.pk)} for row in page],
        "moving": any(row.state in MOVING for row in page),
        "counts": _state_counts(),
        "state": state,
        "next_url": f"?state={state}&before={page[-1].pk}" if more else "",
        "may_edit": may_edit(request),
    }
    name = "_list.html" if request.headers.get("HX-Request") else "campaigns.html"
    return render(request, f"campaigns/planning/{name}", context)


@for_editors
def campaign_new(request: HttpRequest) -> HttpResponse:
    """Begin a campaign."""
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = draft.create(name=form.cleaned_data["name"], created_by=signed_in(request))
        return redirect("campaigns:campaign", made.pk)
    context = {"nav": "campaigns", "form": form}
    return render(request, "campaigns/planning/new.html", context, status=422 if form.errors else 200)


def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one campaign: matrix, preview, test, review and start while it is a draft; progress once it runs."""
    return _page(request, get_object_or_404(Campaign, pk=pk))


def campaign_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the progress bar; once the campaign's state has changed, have the page shown anew."""
    row = get_object_or_404(Campaign, pk=pk)
    if request.GET.get("state") != row.state:
        return HttpResponseClientRefresh()
    return render(request, "campaigns/planning/_progress.html", _progress_context(request, row))


@require_POST
@for_editors
def campaign_rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a campaign another name."""
    row = get_object_or_404(Campaign, pk=pk)
    form = NameForm(request.POST)
    if not form.is_valid():
        return _page(request, row, name_form=form)
    draft.rename(campaign=row, name=form.cleaned_data["name"], by=signed_in(request))
    return redirect("campaigns:campaign", pk)


@require_POST
@for_editors
def campaign_sender(request: HttpRequest, pk: int) -> HttpResponse:
    """Set who the mails come from."""
    row = get_object_or_404(Campaign, pk=pk)
    form = SenderForm(request.POST)
    if not form.is_valid():
        return _page(request, row, sender_form=form)
    try:
        draft.set_sender(
            campaign=row, sender=form.sender(), recommended=form.cleaned_data["recommended"], by=signed_in(request)
        )
    except draft.NotADraft as wrong:
        messages.error(request, str(wrong))
    else:
        messages.success(request, _("Saved."))
    return redirect("campaigns:campaign", pk)


@require_POST
@for_editors
def campaign_duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    """Copy a campaign into a new draft."""
    row = get_object_or_404(Campaign, pk=pk)
    name = (_("%(name)s (copy)") % {"name": row.name})[:120]
    return redirect("campaigns:campaign", draft.duplicate(campaign=row, name=name, created_by=signed_in(request)).pk)


@require_POST
@for_editors
def campaign_schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a campaign now, or at the moment given."""
    row = get_object_or_404(Campaign, pk=pk)
    at = None
    if request.POST.get("when") == "later":
        form = ScheduleForm(request.POST)
        if not form.is_valid():
            return _page(request, row, schedule_form=form)
        at = form.moment()
    try:
        launch.schedule(campaign=row, at=at, by=signed_in(request))
    except launch.NotReady as wrong:
        messages.error(request, str(wrong))
    except (draft.NotADraft, ValidationError) as wrong:
        messages.error(request, "; ".join(wrong.messages) if isinstance(wrong, ValidationError) else str(wrong))
    return redirect("campaigns:campaign", pk)


@require_POST
@for_editors
def campaign_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Pause, resume, cancel, unschedule or discard a campaign, or ask a server again that holds it."""
    row = get_object_or_404(Campaign, pk=pk)
    try:
        messages.success(request, _ACTS[act](row, signed_in(request)))
    except (launch.WrongState, draft.NotADraft, NotConfigured) as wrong:
        messages.error(request, str(wrong))
        return redirect("campaigns:campaign", pk)
    return redirect("campaigns:campaigns") if act == "discard" else redirect("campaigns:campaign", pk)


def _pause(row: Campaign, by: User) -> str:
    launch.pause(campaign=row, by=by)
    return _("Paused. Nothing more is sent until you resume.")


def _resume(row: Campaign, by: User) -> str:
    launch.resume(campaign=row, by=by)
    return _("Sending goes on.")


def _retry(row: Campaign, by: User) -> str:
    holding.try_now(campaign=row, by=by)
    return _("The mail server is asked again with one mail.")


def _unschedule(row: Campaign, by: User) -> str:
    launch.unschedule(campaign=row, by=by)
    return _("A draft again.")


def _discard(row: Campaign, by: User) -> str:
    launch.discard(campaign=row, by=by)
    return _("The draft was deleted.")


def _cancel(row: Campaign, by: User) -> str:
    stopped = launch.cancel(campaign=row, by=by)
    words = ngettext("Cancelled; %(n)s mail was not sent.", "Cancelled; %(n)s mails were not sent.", stopped)
    return words % {"n": stopped}


_ACTS: dict[str, Callable[[Campaign, User], str]] = {
    "pause": _pause,
    "resume": _resume,
    "retry": _retry,
    "unschedule": _unschedule,
    "discard": _discard,
    "cancel": _cancel,
}


def _page(request: HttpRequest, row: Campaign, **forms: Any) -> HttpResponse:
    is_draft = row.state == Campaign.State.DRAFT
    context: dict[str, Any] = {
        "nav": "campaigns",
        **_progress_context(request, row),
        **matrix_context(request, row),
        "is_draft": is_draft,
        "has_report": row.state in SENT_OR_SENDING and row.frozen_at is not None,
        "name_form": forms.get("name_form") or NameForm(initial={"name": row.name}),
        "sender_form": forms.get("sender_form") or _sender_form(row),
        "schedule_form": forms.get("schedule_form") or ScheduleForm(),
        "sender_name": settings.SENDER_NAME,
        "sender_address": settings.SENDER_ADDRESS,
        "time_zone": timezone.get_current_timezone_name(),
        "wrong": " ".join(filter(None, map(first_error, forms.values()))),
    }
    if is_draft and request.GET.get("why"):
        context["why"] = _why(row)
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "campaigns/planning/campaign.html", context, status=status)


def _sender_form(row: Campaign) -> SenderForm:
    names = ("sender_name", "sender_address", "recommended")
    form = SenderForm(initial={name: getattr(row, name) for name in names})
    form.fields["sender_name"].widget.attrs["placeholder"] = settings.SENDER_NAME
    form.fields["sender_address"].widget.attrs["placeholder"] = settings.SENDER_ADDRESS
    return form


def _progress_context(request: HttpRequest, row: Campaign) -> dict[str, Any]:
    return {
        "campaign": row,
        "progress": progress([row]).get(row.pk, Progress()),
        "moving": row.state in MOVING,
        "holds": holding.holds(row),
        "may_edit": may_edit(request),
    }


def _state_counts() -> list[dict[str, Any]]:
    counts = dict(Campaign.objects.order_by().values_list("state").annotate(Count("pk")))
    return [
        {"state": state, "label": label, "count": counts[state]}
        for state, label in Campaign.State.choices
        if counts.get(state)
    ]


def _why(row: Campaign) -> list[dict[str, str]]:
    try:
        found = suggest.suggest(row)
    except suggest.NothingToSuggest:
        return []
    names = {cell.segment_id: cell.segment.shown_name for cell in row.cells.select_related("segment")}
    return [{"segment": names[one.row.segment_id], "why": one.why} for one in found if one.row.segment_id in names]
