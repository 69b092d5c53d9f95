"""Pages of offers."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.forms import OfferForm
from campaigns.offers import edit
from campaigns.offers.eligibility import standing
from campaigns.offers.models import Offer
from campaigns.offers.wording import in_full, in_words, money
from crm.access.guards import for_editors, may_edit, signed_in


def offers(request: HttpRequest) -> HttpResponse:
    """List offers: those in use, or the archive."""
    archived = request.GET.get("show") == "archived"
    found = Offer.objects.filter(archived_at__isnull=not archived).annotate(
        used=Count("cells__campaign", distinct=True)
    )
    language = get_language() or "en"
    rows = [
        {"offer": row, "words": in_full(row, language), "standing": standing(row), "cost": money(row.cost, language)}
        for row in found
    ]
    context = {
        "nav": "offers",
        "rows": rows,
        "archived": archived,
        "in_use": not archived,
        "active": Offer.objects.filter(archived_at__isnull=True).count(),
        "put_away": Offer.objects.filter(archived_at__isnull=False).count(),
        "may_edit": may_edit(request),
    }
    return render(request, "campaigns/offers/offers.html", context)


@for_editors
def offer_new(request: HttpRequest) -> HttpResponse:
    """Make an offer."""
    form = OfferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = edit.create(terms=form.terms(), by=signed_in(request))
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(request, _("The offer “%(name)s” was made.") % {"name": made.name})
            return redirect("campaigns:offers")
    return _form(request, form, None)


@for_editors
def offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an offer."""
    row = get_object_or_404(Offer, pk=pk)
    form = OfferForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            edit.change(offer=row, terms=form.terms(), by=signed_in(request))
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(request, _("Saved."))
            return redirect("campaigns:offers")
    return _form(request, form, row)


@require_POST
@for_editors
def offer_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an offer away."""
    row = get_object_or_404(Offer, pk=pk)
    edit.archive(offer=row, by=signed_in(request))
    messages.success(request, _("The offer “%(name)s” is in the archive now.") % {"name": row.name})
    return redirect("campaigns:offers")


@require_POST
@for_editors
def offer_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an offer out of the archive."""
    edit.restore(offer=get_object_or_404(Offer, pk=pk), by=signed_in(request))
    return redirect("campaigns:offers")


def _form(request: HttpRequest, form: OfferForm, row: Offer | None) -> HttpResponse:
    languages = [("English", "en"), ("中文", "zh-hans")]
    words = [{"language": name, "code": code, "words": in_words(row, code)} for name, code in languages] if row else []
    context = {"nav": "offers", "form": form, "offer": row, "words": words}
    return render(request, "campaigns/offers/offer.html", context, status=422 if form.errors else 200)
