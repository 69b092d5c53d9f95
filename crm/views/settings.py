"""The settings page: one's own language and theme, the team, and what the workspace was started with."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from crm.access import team
from crm.access.guards import administrator, is_administrator, signed_in
from crm.access.models import User

LANGUAGE_COOKIE_SECONDS = 365 * 24 * 60 * 60
MEGABYTE = 1024 * 1024


class ColleagueForm(forms.Form):
    """Whom to add."""

    username = forms.CharField(
        label=gettext_lazy("Name to sign in with"),
        max_length=150,
        validators=[RegexValidator(r"\A[\w.@+-]+\Z", gettext_lazy("Letters, digits and @ . + - _ only."))],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=User.Role.choices, initial=User.Role.ANALYST)


def settings_page(request: HttpRequest) -> HttpResponse:
    """Show the settings."""
    return render(request, "crm/access/settings.html", _context(request, ColleagueForm()))


@require_POST
def own_language(request: HttpRequest) -> HttpResponse:
    """Keep one's own language, and switch to it."""
    asked = request.POST.get("language", "")
    if asked not in dict(settings.LANGUAGES):
        messages.error(request, _("This language is not offered."))
        return redirect("crm:settings")
    team.choose_language(user=signed_in(request), language=asked)
    with translation.override(asked):
        messages.success(request, _("Your language was changed."))
    answer = redirect("crm:settings")
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        asked,
        max_age=LANGUAGE_COOKIE_SECONDS,
        secure=settings.SECURE,
        samesite="Lax",
    )
    return answer


@require_POST
@never_cache
def team_add(request: HttpRequest) -> HttpResponse:
    """Add a colleague; the one-time password is on the answer, and never shown again.

    Raises PermissionDenied for everybody but administrators.
    """
    by = administrator(request)
    form = ColleagueForm(request.POST)
    if not form.is_valid():
        return render(request, "crm/access/settings.html", _context(request, form), status=422)
    try:
        made, password = team.add(username=form.cleaned_data["username"], role=form.cleaned_data["role"], by=by)
    except team.NameTaken:
        form.add_error("username", _("Somebody signs in with this name already."))
        return render(request, "crm/access/settings.html", _context(request, form), status=422)
    context = _context(request, ColleagueForm()) | {"made": made, "password": password}
    return render(request, "crm/access/settings.html", context)


@require_POST
def team_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a colleague's role, or let them in or keep them out.

    Raises PermissionDenied for everybody but administrators.
    """
    by = administrator(request)
    colleague = get_object_or_404(User, pk=pk)
    role, act = request.POST.get("role"), request.POST.get("act")
    if role is not None and role not in User.Role.values:
        messages.error(request, _("This role does not exist."))
        return redirect("crm:settings")
    active = {"let_in": True, "keep_out": False}.get(act or "")
    try:
        changed = team.change(user=colleague, by=by, role=role, active=active)
    except team.Oneself:
        messages.error(request, _("You cannot change your own role or shut yourself out."))
        return redirect("crm:settings")
    said = {"name": changed.username, "role": changed.get_role_display()}
    if role is not None:
        messages.success(request, _("%(name)s is now: %(role)s.") % said)
    elif changed.is_active:
        messages.success(request, _("%(name)s may sign in again.") % said)
    else:
        messages.success(request, _("%(name)s may no longer sign in.") % said)
    return redirect("crm:settings")


@require_POST
@never_cache
def team_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a colleague a one-time password; it is on the answer, and never shown again.

    Raises PermissionDenied for everybody but administrators.
    """
    by = administrator(request)
    colleague = get_object_or_404(User, pk=pk)
    try:
        password = team.reset_password(user=colleague, by=by)
    except team.Oneself:
        messages.error(request, _("Your own password is changed, not reset: that asks for the old one."))
        return redirect("crm:settings")
    context = _context(request, ColleagueForm()) | {"made": colleague, "password": password}
    return render(request, "crm/access/settings.html", context)


def _context(request: HttpRequest, form: ColleagueForm) -> dict[str, Any]:
    is_admin = is_administrator(request)
    return {
        "nav": "settings",
        "languages": settings.LANGUAGES,
        "facts": _facts() if is_admin else [],
        "team": User.objects.order_by("-is_active", "username") if is_admin else [],
        "roles": User.Role.choices,
        "form": form,
        "is_admin": is_admin,
    }


def _facts() -> list[tuple[Any, Any, str]]:
    """Return (what, value, environment variable) for what only a restart changes. No secret is among them."""
    mail = _("the embedded mailbox") if settings.MAILBOX_ENABLED else _("a mail server of your own")
    return [
        (_("Name of the workspace"), settings.WORKSPACE_NAME, "WORKSPACE_NAME"),
        (_("Currency"), settings.WORKSPACE_CURRENCY, "WORKSPACE_CURRENCY"),
        (_("Time zone"), settings.TIME_ZONE, "TIME_ZONE"),
        (_("Address of this application"), settings.BASE_URL, "BASE_URL"),
        (_("Mail goes to"), mail, "EMAIL_URL"),
        (_("Sender's name"), settings.SENDER_NAME, "SENDER_NAME"),
        (_("Sender's address"), settings.SENDER_ADDRESS, "SENDER_ADDRESS"),
        (_("Postal address in mails"), settings.POSTAL_ADDRESS, "POSTAL_ADDRESS"),
        (_("Mails in one batch"), settings.SEND_BATCH, "SEND_BATCH"),
        (_("Days a release is kept"), settings.RELEASE_DAYS, "RELEASE_DAYS"),
        (_("People behind a shared reason, at least"), settings.K_SUPPORT, "K_SUPPORT"),
        (_("Largest file to import, MB"), settings.MAX_IMPORT_BYTES // MEGABYTE, "MAX_IMPORT_MB"),
    ]
