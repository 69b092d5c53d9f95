"""The search box: customers by id, segments and campaigns by name, products by name or number."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from campaigns.models import Campaign
from crm.models import Customer, Product
from lib.translated import contains
from segmentation.models import Segment
from workspace.views import customers

FOUND_AT_MOST = 8


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
            "segments": Segment.objects.in_use().filter(contains("name", words)).by_name()[:FOUND_AT_MOST],
            "products": Product.objects.matching(words).order_by("pk")[:FOUND_AT_MOST],
            "campaigns": Campaign.objects.filter(name__icontains=words)[:FOUND_AT_MOST],
        }
    return render(request, "workspace/search.html", {"words": words, **found})


def _by_id(words: str) -> Q:
    try:
        return Q(uuid=UUID(words)) | Q(external_id=words)
    except ValueError:
        return Q(external_id__istartswith=words)
