"""Placements: where which list is shown, with a preview for any customer and what was filtered out."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.access.guards import for_editors, may_edit, signed_in
from crm.catalog.models import Product
from recommendations.forms import PERCENT, PlacementForm
from recommendations.models import Placement
from recommendations.serving import live, placing
from recommendations.serving.wording import sentence
from recommendations.views.trying import anybody, find

WHY: dict[str, str | Promise] = {
    "deleted": gettext_lazy("Deleted"),
    "excluded": gettext_lazy("Excluded from recommendations"),
    "out_of_stock": gettext_lazy("Out of stock"),
    "category": gettext_lazy("Another category"),
    "price": gettext_lazy("Outside the prices"),
    "resting": gettext_lazy("Bought or put in the basket lately"),
}
"""Grounds of serving.rules, in words."""
# The names a new installation starts with; a team may call its placements what it likes.
NAMES = (gettext_lazy("Home page"), gettext_lazy("Product page"), gettext_lazy("Basket"), gettext_lazy("E-mail"))


def placements(request: HttpRequest) -> HttpResponse:
    """List the placements."""
    rows = [
        {"placement": row, "name": _(row.name), "explores": round(row.exploration * PERCENT, 3)}
        for row in Placement.objects.all()
    ]
    context = {"nav": "placements", "rows": rows, "may_edit": may_edit(request)}
    return render(request, "recommendations/placements.html", context)


@require_POST
@for_editors
def placements_restore(request: HttpRequest) -> HttpResponse:
    """Make the usual placements that are missing."""
    made = placing.restore_usual(by=signed_in(request))
    messages.success(request, _("%(count)s placements were made.") % {"count": len(made)})
    return redirect("recommendations:placements")


@for_editors
def placement_new(request: HttpRequest) -> HttpResponse:
    """Make a placement."""
    form = PlacementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = placing.create(terms=form.terms(), by=signed_in(request))
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(request, _("The placement “%(name)s” was made.") % {"name": made.name})
            return redirect("recommendations:placement", made.pk)
    return _page(request, {"form": form, "placement": None}, failed=bool(form.errors))


def placement(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a placement with a preview for one customer, and change it. Raises PermissionDenied by `_change`."""
    row = get_object_or_404(Placement, pk=pk)
    if request.method == "POST":
        return _change(request, row)
    return _page(request, {"form": PlacementForm(placement=row), "placement": row} | _preview(request, row))


@for_editors
def _change(request: HttpRequest, row: Placement) -> HttpResponse:
    form = PlacementForm(request.POST, placement=row)
    if form.is_valid():
        try:
            placing.change(placement=row, terms=form.terms(), by=signed_in(request))
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(request, _("Saved."))
            return redirect("recommendations:placement", row.pk)
    return _page(request, {"form": form, "placement": row} | _preview(request, row), failed=True)


@require_POST
@for_editors
def placement_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a placement away."""
    row = get_object_or_404(Placement, pk=pk)
    placing.remove(placement=row, by=signed_in(request))
    messages.success(request, _("The placement “%(name)s” was removed.") % {"name": row.name})
    return redirect("recommendations:placements")


def _page(request: HttpRequest, context: dict[str, Any], *, failed: bool = False) -> HttpResponse:
    row = context["placement"]
    context |= {"nav": "placements", "name": _(row.name) if row else "", "may_edit": may_edit(request)}
    return render(request, "recommendations/placement.html", context, status=422 if failed else 200)


def _preview(request: HttpRequest, row: Placement) -> dict[str, Any]:
    """What one customer would be shown there; nothing of it is taken down."""
    words, sku = request.GET.get("customer", "").strip(), request.GET.get("product", "").strip()
    customer = find(words) if words else anybody()
    beside = Product.objects.filter(sku=sku).first() if sku else None
    context = {
        "words": words,
        "sku": sku,
        "customer": customer,
        "missing": bool(words),
        "asks_product": row.kind in live.ANCHORED,
        "no_product": bool(sku) and beside is None,
    }
    if customer is None:
        return context
    language = get_language() or "en"
    found = live.answer(
        live.LiveQuestion(customer.uuid, placement=row, anchors=[beside.pk] if beside else [], language=language)
    )
    return context | ({"listing": found, **_told(found)} if found else {"customer": None})


def _told(found: live.LiveAnswer) -> dict[str, Any]:
    names = {pk: good.name for pk, good in found.goods.items()}
    return {
        "shown": [
            {
                "good": found.goods[one.product_id],
                "reason": sentence(one.reason, names),
                "shares": [
                    (sentence({"code": code, "product": one.reason.get("product")}, names), round(share * 100))
                    for code, share in sorted(one.reason.get("shares", {}).items(), key=lambda pair: -pair[1])
                    if share >= 0.05
                ],
            }
            for one in found.rows
        ],
        "held_back": [
            {"pk": pk if pk in names else None, "name": names.get(pk, f"#{pk}"), "why": WHY[why]}
            for pk, why in found.held_back
        ],
    }
