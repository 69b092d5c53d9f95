"""The dashboard, the search box, the running jobs, one's own password."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.models import Campaign
from config import figures, jobs
from config.pages import customers
from config.tasks import walk_circle
from crm.access.guards import editor
from crm.access.models import User
from crm.models import Customer, Product
from segmentation.models import Segment

FOUND_AT_MOST = 8
LANGUAGE_SECONDS = 365 * 24 * 60 * 60
CAMPAIGNS_SHOWN = 5


def dashboard(request: HttpRequest) -> HttpResponse:
    """Show how the circle is doing."""
    weeks = figures.kept("weeks", figures.weeks)
    period = figures.kept("period", figures.period)
    run, scatter = figures.clusters()
    context = {
        "nav": "home",
        "started": figures.started(),
        "needs": figures.needs_you(),
        "unknown": figures.unknown_deliveries(),
        "kpis": _kpis(period, weeks),
        "revenue": _revenue_chart(weeks),
        "steps": _steps_chart(figures.kept("steps", figures.steps)),
        "cluster_run": run,
        "scatter": scatter,
        "grid": _grid_chart(figures.kept("grid", figures.grid)),
        "campaigns": _newest_campaigns(),
    }
    return render(request, "config/dashboard.html", context)


def _newest_campaigns() -> QuerySet[Campaign]:
    # Chosen first, counted then: counting the deliveries of all campaigns to show a few would cost more each month.
    newest = list(Campaign.objects.values_list("pk", flat=True)[:CAMPAIGNS_SHOWN])
    return Campaign.objects.filter(pk__in=newest).annotate(
        sent=Count("deliveries", filter=Q(deliveries__state=3)),
        opened=Count("deliveries__opened_at"),
        clicked=Count("deliveries__clicked_at"),
    )


def _kpis(period: dict[str, Any], weeks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def change(name: str) -> tuple[str, str]:
        now, before = period.get(name), period.get(f"{name}_before")
        if not now or not before:
            return "", "flat"
        share = now / before - 1
        return f"{share:+.1%}", "good" if share >= 0 else "bad"

    def rate(name: str) -> str:
        value = period.get(name)
        return "—" if value is None else f"{value:.1%}"

    # The week that is not over yet would look like a fall.
    over = weeks[:-1]
    shown = [
        (_("Buyers (30 days)"), f"{period['buyers']:,}", *change("buyers"), [w["buyers"] for w in over]),
        (_("Revenue (30 days)"), f"{period['revenue']:,.0f}", *change("revenue"), [w["revenue"] for w in over]),
        (_("Repeat purchase rate"), rate("repeat_rate"), "", "flat", []),
        (_("Click rate (30 days)"), rate("click_rate"), *change("click_rate"), []),
        (_("Unsubscribe rate (30 days)"), rate("leave_rate"), "", "flat", []),
    ]
    return [dict(zip(("label", "value", "delta", "trend", "points"), row, strict=True)) for row in shown]


def _revenue_chart(weeks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        # Translators: a day and a month on a chart's axis, in Django's date format.
        "x": [date_format(week["week"], _("j M")) for week in weeks],
        "series": [
            {"name": _("After a mail"), "data": [round(week["mailed"]) for week in weeks]},
            {"name": _("Other"), "data": [round(week["revenue"] - week["mailed"]) for week in weeks]},
        ],
    }


def _steps_chart(counts: list[int]) -> dict[str, Any]:
    # Named here and not in the cached figures, which everybody shares whatever their language.
    names = (_("Delivered"), _("Opened"), _("Clicked"), _("Ordered"))
    return {"items": [{"name": name, "value": value} for name, value in zip(names, counts, strict=True)]}


def _grid_chart(cells: list[list[int]]) -> dict[str, Any]:
    return {
        "x": ["1", "2", "3", "4", "5"],
        "y": ["5", "4", "3", "2", "1"],
        "cells": cells,
        "xname": _("Frequency score"),
        "yname": _("Recency score"),
        "labels": True,
    }


def search(request: HttpRequest) -> HttpResponse:
    """Find customers by their id, segments and campaigns by name, products by name or number.

    The box posts, so that an e-mail address typed into it stays out of addresses, histories and logs.
    """
    if request.method == "POST":
        words = request.POST.get("q", "").strip()
        if "@" in words:
            return customers.find(request)
        return redirect(f"{reverse('search')}?{urlencode({'q': words})}")
    words = request.GET.get("q", "").strip()
    found: dict[str, Any] = {}
    if words:
        found = {
            "customers": Customer.objects.real().filter(_by_id(words)).order_by("pk")[:FOUND_AT_MOST],
            "segments": Segment.objects.in_use().filter(Q(name__icontains=words) | Q(name_zh__icontains=words))[
                :FOUND_AT_MOST
            ],
            "products": Product.objects.matching(words).order_by("pk")[:FOUND_AT_MOST],
            "campaigns": Campaign.objects.filter(name__icontains=words)[:FOUND_AT_MOST],
        }
    return render(request, "config/search.html", {"words": words, **found})


def _by_id(words: str) -> Q:
    try:
        return Q(uuid=UUID(words)) | Q(external_id=words)
    except ValueError:
        return Q(external_id__istartswith=words)


def running_jobs(request: HttpRequest) -> HttpResponse:
    """Show the running jobs in the top bar."""
    return render(request, "_jobs.html", {"jobs": jobs.running()})


@require_POST
def walk(request: HttpRequest) -> HttpResponse:
    """Start a walk round the circle in the background.

    Raises PermissionDenied for people who may not edit.
    """
    editor(request)
    walk_circle.delay()
    messages.success(request, _("Release, portraits, clusters, segments and recommendations are being renewed."))
    return redirect("home")


class NewPassword(PasswordChangeForm):
    """The old password and a new one, which must be another."""

    def clean(self) -> dict[str, Any]:
        """Refuse the old password as the new one: a one-time password would live on."""
        cleaned = super().clean() or {}
        if cleaned.get("new_password1") and cleaned.get("new_password1") == cleaned.get("old_password"):
            self.add_error("new_password1", _("Choose a password other than the one you have."))
        return cleaned


class SignIn(LoginView):
    """Sign in, and go on in one's own language."""

    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in and set the language's cookie."""
        answer = super().form_valid(form)
        language = form.get_user().language
        if language in dict(settings.LANGUAGES) and settings.LANGUAGE_COOKIE_NAME not in self.request.COOKIES:
            answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=LANGUAGE_SECONDS, samesite="Lax")
        return answer


class ChangePassword(PasswordChangeView):
    """Change one's password; the one-time password of the first start ends here."""

    form_class = NewPassword
    template_name = "registration/password_change.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        """Save, and note that the one-time password is gone."""
        answer = super().form_valid(form)
        User.objects.filter(pk=form.user.pk).update(must_change_password=False)
        messages.success(self.request, _("Your password was changed."))
        return answer
