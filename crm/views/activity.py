"""The page of acts: who did what, when, to what."""

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from crm.access import log
from crm.access.guards import is_administrator, signed_in
from crm.access.log import Asked
from crm.access.models import ApiKey, User
from crm.access.telling import told
from crm.access.verbs import KINDS, Program
from lib.outside import whole

PAGE = 50
ANYBODY, ANYTHING = ("", _("Anybody")), ("", _("Anything"))


class Filters(forms.Form):
    """What to show of the log."""

    who = forms.ChoiceField(label=_("Who"), required=False)
    verb = forms.ChoiceField(label=_("What was done"), required=False)
    kind = forms.ChoiceField(label=_("To what"), required=False)
    object = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        """Offer what the viewer may know about."""
        super().__init__(*args, **kwargs)
        users = [(f"user:{pk}", name) for pk, name in User.objects.order_by("username").values_list("pk", "username")]
        keys = [(f"api:{pk}", name) for pk, name in ApiKey.objects.order_by("name").values_list("pk", "name")]
        self.fields["who"].choices = [ANYBODY, *users, *keys, *Program.choices]  # type: ignore[attr-defined]
        self.fields["verb"].choices = [ANYTHING, *log.verbs()]  # type: ignore[attr-defined]
        kinds = [(kind, KINDS[kind]) for kind in log.kinds_seen_by(viewer)]
        self.fields["kind"].choices = [ANYTHING, *kinds]  # type: ignore[attr-defined]

    def clean_until(self) -> date | None:
        """Refuse the last day of the calendar: there is no day after it."""
        day: date | None = self.cleaned_data["until"]
        if day == date.max:
            raise forms.ValidationError(_("This day is too far ahead."))
        return day

    def asked(self) -> Asked:
        """Return what is asked for; a field that makes no sense narrows nothing and says so beside it."""
        said = getattr(self, "cleaned_data", {})
        return Asked(
            who=said.get("who", ""),
            verb=said.get("verb", ""),
            kind=said.get("kind", ""),
            object_id=said.get("object"),
            since=said.get("since"),
            until=said.get("until"),
        )


@require_GET
def activity(request: HttpRequest) -> HttpResponse:
    """List what was done, newest first, narrowed to who, what, a kind of thing, one thing, or some days."""
    viewer = signed_in(request)
    form = Filters(request.GET, viewer=viewer)
    form.is_valid()
    found = log.find(form.asked(), viewer=viewer)
    before = whole(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    page = list(found[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    kept = {name: str(value) for name, value in request.GET.items() if name != "before" and value}
    context = {
        "nav": "activity",
        "form": form,
        "acts": told(page),
        "narrowed": bool(kept),
        "later": bool(before),
        "newest_url": f"?{urlencode(kept)}",
        "next_url": f"?{urlencode({**kept, 'before': str(page[-1].pk)})}" if more else "",
        "is_admin": is_administrator(request),
    }
    return render(request, "crm/activity/activity.html", context, status=422 if form.errors else 200)
