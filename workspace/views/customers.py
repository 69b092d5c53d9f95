"""The page that lists customers."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from crm.access.guards import may_reveal, signed_in
from crm.consents.purposes import BY_KEY, LABELS, Purpose
from crm.models import Customer
from crm.privacy import reveal
from crm.templatetags.relata import named
from lib.outside import whole
from segmentation.models import Membership, Portrait, Segment
from workspace.customer.stage import stage_of
from workspace.dashboard import figures

PAGE = 50
COUNT_AT_MOST = 100_000
"""Counting further would cost more than the page; beyond it the header says "more than"."""
SHOWN_SEGMENTS = 3
BADGES = (Purpose.EMAIL_MARKETING, Purpose.PROFILING, Purpose.RECOMMENDATION)


def customers(request: HttpRequest) -> HttpResponse:
    """List customers, newest day of activity first, narrowed by segment, country, language, consent and state.

    A search is posted, because what is searched for may be an e-mail address, and an address never enters a URL.
    """
    if request.method == "POST":
        return find(request)
    narrowed = _narrowed(request)
    found = _found(narrowed)
    page = _page(found, _cursor(request.GET.get("after", "")))
    more, page = len(page) > PAGE, page[:PAGE]
    count = found.order_by()[: COUNT_AT_MOST + 1].count()
    return render(
        request,
        "workspace/customers/list.html",
        {
            "nav": "customers",
            "rows": _rows(page, request),
            "narrowed": narrowed,
            "chips": _chips(narrowed),
            "choices": _choices(),
            "total": count if count <= COUNT_AT_MOST else None,
            "at_least": COUNT_AT_MOST,
            "empty": not narrowed and not page,
            "base_url": settings.BASE_URL,
            "next_url": f"?{urlencode({**narrowed, 'after': _after(page[-1])})}" if more else "",
            "previous_url": f"?{urlencode(narrowed)}" if request.GET.get("after") else "",
        },
    )


def find(request: HttpRequest) -> HttpResponse:
    """Open the customer whose e-mail address was posted, or list those whose id begins with the words."""
    words = request.POST.get("q", "").strip()
    if "@" not in words:
        address = reverse("workspace:customers")
        return redirect(f"{address}?{urlencode({'q': words})}" if words else address)
    if not may_reveal(request):
        messages.error(request, _("Your role may not search by e-mail address. Search by customer id instead."))
        return redirect("workspace:customers")
    pk = reveal.find_by_email(words)
    if pk is None:
        messages.warning(request, _("No customer has this e-mail address."))
        return redirect("workspace:customers")
    return redirect("workspace:customer", Customer.objects.values_list("uuid", flat=True).get(pk=pk))


def _narrowed(request: HttpRequest) -> dict[str, str]:
    names = ("q", "segment", "country", "language", "consent", "state")
    asked = {name: request.GET.get(name, "").strip()[:120] for name in names}
    if whole(asked["segment"]) is None:
        asked["segment"] = ""
    if asked["consent"].removeprefix("no_") not in BY_KEY:
        asked["consent"] = ""
    if asked["state"] not in Customer.State.values:
        asked["state"] = ""
    return {name: value for name, value in asked.items() if value}


def _found(narrowed: dict[str, str]) -> Any:
    found: Any = Customer.objects.real()
    if state := narrowed.get("state"):
        found = Customer.objects.filter(canary=False, state=state)
    if words := narrowed.get("q"):
        found = found.filter(uuid=words) if _is_uuid(words) else found.filter(external_id__startswith=words)
    for name in ("country", "language"):
        if value := narrowed.get(name):
            found = found.filter(**{name: value})
    if segment := narrowed.get("segment"):
        members = Membership.objects.current().filter(segment=int(segment))
        found = found.filter(pk__in=members.values("customer_id"))
    if consent := narrowed.get("consent"):
        bit = BY_KEY[consent.removeprefix("no_")]
        asked = found.alias(_asked=F("permission").bitand(bit))
        found = asked.exclude(_asked=bit) if consent.startswith("no_") else asked.filter(_asked=bit)
    return found


def _is_uuid(words: str) -> bool:
    try:
        UUID(words)
    except ValueError:
        return False
    return True


def _page(found: Any, after: tuple[date | None, int] | None) -> list[Any]:
    """Return a page and one more row, if there is one."""
    if after is None or after[0] is None:
        return list(found.latest_first(after)[: PAGE + 1])
    # Bounded on both sides of the NULLs: only so does the index begin at the page instead of at the first customer.
    rows = list(found.filter(seen_on__lte=after[0]).latest_first(after)[: PAGE + 1])
    if len(rows) <= PAGE:
        rows += found.filter(seen_on__isnull=True).latest_first()[: PAGE + 1 - len(rows)]
    return rows


def _cursor(text: str) -> tuple[date | None, int] | None:
    day, _dash, pk = text.partition("-")
    number = whole(pk)
    if number is None:
        return None
    if day == "never":
        return None, number
    try:
        return datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date(), number
    except ValueError:
        return None


def _after(last: Any) -> str:
    return f"{last.seen_on:%Y%m%d}-{last.pk}" if last.seen_on else f"never-{last.pk}"


def _rows(page: list[Any], request: HttpRequest) -> list[dict[str, Any]]:
    ids = [customer.pk for customer in page]
    portraits = Portrait.objects.in_bulk(ids)
    segments: dict[int, list[Segment]] = {}
    current: Any = Membership.objects.current().filter(customer__in=ids, segment__archived_at=None)
    for one in current.select_related("segment"):
        segments.setdefault(one.customer_id, []).append(one.segment)
    masks = reveal.masked(ids, viewer=signed_in(request))
    return [
        {
            "customer": customer,
            "mask": masks.get(customer.pk, {}),
            "portrait": (portrait := portraits.get(customer.pk)),
            "stage": stage_of(portrait),
            "consents": [LABELS[purpose] for purpose in BADGES if customer.permission & purpose],
            "segments": segments.get(customer.pk, [])[:SHOWN_SEGMENTS],
            "more": max(0, len(segments.get(customer.pk, [])) - SHOWN_SEGMENTS),
        }
        for customer in page
    ]


def _choices() -> dict[str, Any]:
    return {
        "segments": Segment.objects.in_use().by_name(),
        # A look at every customer, so not at every page.
        "countries": figures.kept("countries", lambda: _words_of("country")),
        "languages": figures.kept("languages", lambda: _words_of("language")),
        "consents": [(key, LABELS[purpose]) for key, purpose in BY_KEY.items() if purpose != Purpose.SERVICE],
        "states": Customer.State.choices,
    }


def _words_of(field: str) -> list[str]:
    return list(Customer.objects.real().exclude(**{field: ""}).order_by(field).values_list(field, flat=True).distinct())


def _chips(narrowed: dict[str, str]) -> list[tuple[str, str]]:
    """Return (wording, address without it) for each filter in force, so that each can be dropped alone."""
    chips = []
    for name, value in narrowed.items():
        wording = value
        if name == "segment":
            segment = Segment.objects.filter(pk=value).first()
            wording = named(segment) if segment else value
        elif name == "consent":
            allowed = str(LABELS[BY_KEY[value.removeprefix("no_")]])
            wording = _("without %(purpose)s") % {"purpose": allowed} if value.startswith("no_") else allowed
        elif name == "state":
            wording = str(Customer.State(value).label)
        rest = {other: kept for other, kept in narrowed.items() if other != name}
        chips.append((wording, f"?{urlencode(rest)}"))
    return chips
