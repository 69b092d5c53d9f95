"""The page of API keys."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from crm.access import keys
from crm.access.guards import administrator
from crm.access.models import ApiKey

LAST_YEAR = 2999


class KeyForm(forms.Form):
    """What a new key is for."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("What will use the key"))
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May"), choices=ApiKey.Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_last_day(self) -> date | None:
        """Refuse a day that is over."""
        day: date | None = self.cleaned_data["last_day"]
        if day and day < timezone.localdate():
            raise forms.ValidationError(_("This day is over."))
        if day and day.year > LAST_YEAR:
            raise forms.ValidationError(_("Choose a day before the year 3000, or none."))
        return day

    def end(self) -> datetime | None:
        """Return the moment after the last day, None for a key without an end."""
        day: date | None = self.cleaned_data["last_day"]
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time())) if day else None


@never_cache
def api_keys(request: HttpRequest) -> HttpResponse:
    """List keys, and make one; the key itself is shown on the answer to that, and never again.

    Raises PermissionDenied for everybody but administrators.
    """
    user = administrator(request)
    form = KeyForm(request.POST or None)
    context: dict[str, Any] = {"nav": "keys", "form": form}
    status = 200
    if request.method == "POST":
        if form.is_valid():
            made, text = keys.create(
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                created_by=user,
                expires_at=form.end(),
            )
            context |= {"made": made, "text": text, "form": KeyForm()}
        else:
            status = 422
    context["keys"] = ApiKey.objects.select_related("created_by")
    return render(request, "crm/access/keys.html", context, status=status)


@require_POST
def api_key_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a key.

    Raises PermissionDenied for everybody but administrators.
    """
    user = administrator(request)
    key = get_object_or_404(ApiKey, pk=pk)
    keys.revoke(key=key, by=user)
    messages.success(request, _("“%(name)s” was revoked.") % {"name": key.name})
    return redirect("crm:api_keys")
