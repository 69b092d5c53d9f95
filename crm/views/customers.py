"""What can be done to a customer from a page: open the identity, take them off the suppression list, erase."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from crm.access.guards import actor, administrator, revealer
from crm.customers.models import Customer
from crm.privacy import erasure, reveal, suppression

STORES = {
    "keys": gettext_lazy("Keys of the person"),
    "sealed": gettext_lazy("Sealed record (name, address, e-mail, phone)"),
    "indexes": gettext_lazy("Blind indexes"),
    "anonymous_ids": gettext_lazy("Ids of browsers and apps"),
    "segmentation.portrait": gettext_lazy("Portrait"),
    "segmentation.membership": gettext_lazy("Memberships of segments"),
    "recommendations.recommendation": gettext_lazy("Recommendations"),
}
FIELDS = {
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "address": gettext_lazy("Address"),
    "birthday": gettext_lazy("Birthday"),
}


@require_POST
@never_cache
def customer_reveal(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Open who a customer is, once, on an answer nobody keeps; who, when and why is written down.

    Raises PermissionDenied for people who may not reveal.
    """
    user = revealer(request)
    shown = one_customer(uuid)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say why you need to see who this is."))
        return redirect("workspace:customer", shown.uuid)
    try:
        opened = reveal.reveal(customer=shown, actor=actor(user), reason=reason)
    except reveal.TooManyOpenings:
        messages.error(request, _("You opened too many people within an hour. Try again later."))
        return redirect("workspace:customer", shown.uuid)
    rest = [name for name in opened if name not in FIELDS]
    fields = [(FIELDS.get(name, name), opened[name]) for name in [*FIELDS, *rest] if opened.get(name)]
    return render(request, "crm/customers/revealed.html", {"nav": "customers", "customer": shown, "fields": fields})


@require_POST
def customer_lift(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Take a customer's address off the suppression list, for one of a few reasons.

    Raises PermissionDenied for everybody but administrators.
    """
    user = administrator(request)
    shown = one_customer(uuid)
    why = request.POST.get("why", "")
    if why not in suppression.LiftReason.values:
        messages.error(request, _("Say why this address may be mailed again."))
        return redirect(privacy_tab(shown))
    try:
        suppression.lift_customer(customer=shown, why=suppression.LiftReason(why), actor=actor(user))
    except (suppression.NotListed, suppression.ErasedStays) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Off the suppression list. Mail goes out as far as this person allows it."))
    return redirect(privacy_tab(shown))


@require_POST
def customer_erase(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Erase a customer, after the word on the page was typed.

    Raises PermissionDenied for everybody but administrators.
    """
    user = administrator(request)
    shown = one_customer(uuid)
    if request.POST.get("typed", "").strip() != word_to_type(shown):
        messages.error(request, _("Nothing was erased: the word you typed is not the one asked for."))
        return redirect(privacy_tab(shown))
    erasure.erase(customer=shown, actor=actor(user))
    messages.success(request, _("The person was erased. The certificate is in the privacy centre."))
    return redirect(privacy_tab(shown))


def word_to_type(customer: Customer) -> str:
    """Return what must be typed to erase: the end of the pseudonym, plain letters and digits whoever it is."""
    return customer.uuid.hex[-8:]


def stores(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Return (what, rows) for the counts of crm.privacy.erasure, in the language of the page."""
    named = [
        (STORES.get(store) or apps.get_model(store)._meta.verbose_name_plural, rows) for store, rows in counts.items()
    ]
    return [(str(name), rows) for name, rows in named]


def one_customer(uuid: Any) -> Customer:
    """Return the customer of an address; raise Http404 where there is none, or only a planted one."""
    return get_object_or_404(Customer, uuid=uuid, canary=False)


def privacy_tab(customer: Customer) -> str:
    """Return the address of the part of a customer's page that shows what they allow."""
    return reverse("workspace:customer", args=[customer.uuid]) + "?tab=privacy"
