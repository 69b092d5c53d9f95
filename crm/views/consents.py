"""What a person allows, recorded from their page: a withdrawal in one click, a yes with how and when they agreed."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.access.guards import actor, editor
from crm.consents import by_hand, decide, standing
from crm.consents.purposes import BY_KEY, LABELS, Purpose, keys_of
from crm.customers.models import Customer
from crm.forms import GrantForm
from crm.views.customers import one_customer, privacy_tab


@require_POST
def withdraw(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Record that a customer no longer allows a purpose, and say what holds now.

    Raises PermissionDenied for people who may not edit.
    """
    user = editor(request)
    shown = one_customer(uuid)
    purpose = BY_KEY.get(request.POST.get("purpose", ""), Purpose.SERVICE)
    if purpose == Purpose.SERVICE:
        messages.error(request, _("This purpose is not known, or cannot be withdrawn."))
        return redirect(privacy_tab(shown))
    if request.POST.get("act") == "grant":
        # The button of a page opened before: a yes needs more than one click.
        return redirect("crm:customer_grant", shown.uuid, keys_of(purpose)[0])
    before = Purpose(shown.permission)
    left = by_hand.withdraw(customer=shown, purposes=purpose, by=user)
    said = {"purpose": LABELS[purpose]}
    ended = before & ~left & ~purpose
    if left & purpose:
        messages.error(request, _("The withdrawal did not take effect: %(purpose)s. Please try again.") % said)
    elif ended:
        others = {"others": ", ".join(str(LABELS[BY_KEY[key]]) for key in keys_of(ended))}
        messages.success(
            request, _("Withdrawal recorded: %(purpose)s. With it ended: %(others)s.") % {**said, **others}
        )
    else:
        messages.success(request, _("Withdrawal recorded: %(purpose)s. It holds from now on.") % said)
    return redirect(privacy_tab(shown))


@require_http_methods(["GET", "HEAD", "POST"])
def grant(request: HttpRequest, uuid: Any, key: str) -> HttpResponse:
    """Ask how and when a customer agreed to a purpose, and record it; say what holds now.

    Raises PermissionDenied for people who may not edit, Http404 for a purpose that is not known.
    """
    user = editor(request)
    shown = one_customer(uuid)
    purpose = BY_KEY.get(key, Purpose.SERVICE)
    if purpose == Purpose.SERVICE:
        raise Http404
    if shown.state == Customer.State.ERASED:
        messages.error(request, _("This person was erased."))
        return redirect(privacy_tab(shown))
    said = standing.of([shown.pk]).get((shown.pk, int(purpose)))
    form = GrantForm(
        request.POST if request.method == "POST" else None,
        refused_at=said.refused_at if said and said.refused else None,
    )
    if not form.is_valid():
        context = {"nav": "customers", "customer": shown, "label": LABELS[purpose], "form": form}
        return render(request, "crm/customers/grant.html", context)
    try:
        held = by_hand.grant(
            customer=shown,
            purposes=purpose,
            by=user,
            occurred_at=form.cleaned_data["said_at"],
            text_version=form.cleaned_data["text_version"],
            proof=form.proof(actor(user)),
        )
    except decide.ErasedCannotConsent:
        messages.error(request, _("This person was erased."))
        return redirect(privacy_tab(shown))
    if held & purpose:
        messages.success(request, _("Permission recorded: %(purpose)s.") % {"purpose": LABELS[purpose]})
    else:
        refused = _("Still not allowed: %(purpose)s. The person refused after that.")
        messages.error(request, refused % {"purpose": LABELS[purpose]})
    return redirect(privacy_tab(shown))
