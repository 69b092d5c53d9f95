"""The page of API keys."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from crm.access import keys
from crm.access.models import ApiKey, User


class KeyForm(forms.Form):
    """What a new key is for."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("What will use the key"))
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May"), choices=ApiKey.Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Ends on"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )


def api_keys(request: HttpRequest) -> HttpResponse:
    """List keys, and make one; the key itself is shown on the answer to that, and never again.

    Raises PermissionDenied for everybody but administrators.
    """
    user = _administrator(request)
    form = KeyForm(request.POST or None)
    context: dict[str, Any] = {"nav": "keys", "form": form}
    status = 200
    if request.method == "POST":
        if form.is_valid():
            made, text = keys.create(
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                created_by=user,
                expires_at=form.cleaned_data["expires_at"],
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
    _administrator(request)
    key = get_object_or_404(ApiKey, pk=pk)
    keys.revoke(key=key)
    messages.success(request, _("“%(name)s” was revoked.") % {"name": key.name})
    return redirect("crm:api_keys")


def _administrator(request: HttpRequest) -> User:
    if not (isinstance(request.user, User) and request.user.role == User.Role.ADMIN):
        raise PermissionDenied
    return request.user
