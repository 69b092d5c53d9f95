"""The page of one customer, tab by tab."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy

from campaigns.models import Delivery
from crm.access.guards import signed_in
from crm.consents.purposes import LABELS, Purpose
from crm.eligibility.reasons import Lane, stopped_by
from crm.models import ConsentEvent, Customer, Identity, Interaction
from crm.privacy import audit, erasure, reveal, suppression
from crm.views.customers import one_customer, stores, word_to_type
from crm.views.privacy import MASK
from lib.outside import whole
from segmentation.models import Portrait
from segmentation.portraits.summary import summary
from workspace.customer import behaviour, portrait
from workspace.customer.acts import lines
from workspace.customer.stage import Painted, stage_of

RECENT = 8
LOOKED_AT = 60
"""Interactions read for the recent lines, because an order of many products is one line."""
PAGE = 50
SHOWN_EVENTS = 100
BADGES = (Purpose.EMAIL_MARKETING, Purpose.SMS, Purpose.PROFILING, Purpose.RECOMMENDATION)


def customer(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Show one tab of a customer's page."""
    shown = one_customer(uuid)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "overview"
    painted = Portrait.objects.filter(pk=shown.pk).first()
    context = {
        "nav": "customers",
        "customer": shown,
        "tab": tab,
        "tabs": [(label, f"?tab={key}" if key != "overview" else "?", key == tab) for key, label in LABELS_OF.items()],
        "mask": reveal.masked([shown.pk], viewer=signed_in(request)).get(shown.pk, {}),
        "portrait": painted,
        "stage": stage_of(painted),
        "why_unknown": portrait.why_unknown(shown, painted),
        "badges": [(LABELS[purpose], bool(shown.permission & purpose)) for purpose in BADGES],
        "currency": settings.WORKSPACE_CURRENCY,
    }
    context |= TABS[tab](request, shown, painted)
    return render(request, f"workspace/customers/{tab}.html", context)


def _overview(request: HttpRequest, shown: Customer, painted: Painted | None) -> dict[str, Any]:
    why = portrait.why_unknown(shown, painted)
    listing, picks = portrait.picks(shown)
    recent = lines(Interaction.objects.filter(customer=shown.pk).latest_first()[:LOOKED_AT])
    return {
        "summary": summary(painted) if painted else "",
        "kpis": portrait.kpis(painted, why, settings.WORKSPACE_CURRENCY),
        "spend": portrait.spend(shown, settings.WORKSPACE_CURRENCY),
        "interests": portrait.interests(painted),
        "heat": portrait.heat(shown) if painted else {"cells": []},
        "zone": behaviour.timezone_of(shown),
        "features": portrait.features(painted),
        "events": recent[:RECENT],
        "more_events": len(recent) > RECENT,
        "listing": listing,
        "listing_note": portrait.note(listing),
        "picks": picks,
        **portrait.groups(shown),
    }


def _activity(request: HttpRequest, shown: Customer, painted: Painted | None) -> dict[str, Any]:
    page: list[Any] = list(Interaction.objects.filter(customer=shown.pk).latest_first(_cursor(request))[: PAGE + 1])
    after = f"{page[PAGE - 1].occurred_at.isoformat()}~{page[PAGE - 1].id}" if len(page) > PAGE else ""
    return {"events": lines(page[:PAGE]), **_pages(request, "activity", after)}


def _orders(request: HttpRequest, shown: Customer, painted: Painted | None) -> dict[str, Any]:
    cursor = _cursor(request)
    page = behaviour.orders(shown, cursor[0] if cursor else None, PAGE + 1)
    after = f"{page[PAGE - 1].at.isoformat()}~0" if len(page) > PAGE else ""
    return {"orders": page[:PAGE], **_pages(request, "orders", after)}


def _recommendations(request: HttpRequest, shown: Customer, painted: Painted | None) -> dict[str, Any]:
    listing, picks = portrait.picks(shown, 20)
    return {"listing": listing, "listing_note": portrait.note(listing), "picks": picks}


def _messages(request: HttpRequest, shown: Customer, painted: Painted | None) -> dict[str, Any]:
    found = (
        Delivery.objects.filter(customer=shown.pk)
        .select_related("message__campaign", "offer")
        .order_by("-created_at", "-id")
    )
    cursor = _cursor(request)
    if cursor:
        found = found.filter(created_at__lt=cursor[0])
    page: list[Any] = list(found[: PAGE + 1])
    after = f"{page[PAGE - 1].created_at.isoformat()}~0" if len(page) > PAGE else ""
    return {
        "deliveries": [(one, Delivery.State(one.state).name.lower()) for one in page[:PAGE]],
        **_pages(request, "messages", after),
    }


def _privacy(request: HttpRequest, shown: Customer, painted: Painted | None) -> dict[str, Any]:
    purposes = [
        (purpose, purpose.name.lower(), LABELS[purpose], bool(shown.permission & purpose))
        for purpose in Purpose
        if purpose.name and purpose != Purpose.SERVICE
    ]
    consents = ConsentEvent.objects.filter(customer=shown.pk).order_by("-occurred_at", "-id")[:SHOWN_EVENTS]
    listed = Identity.objects.filter(customer=shown.pk).values_list("suppressed", flat=True).first()
    return {
        "listed": suppression.Reason(listed) if listed else None,
        "stops_all": stopped_by(listed or "", Lane.TRANSACTIONAL),
        "lift_reasons": suppression.LiftReason.choices,
        "purposes": purposes,
        "consents": [(event, LABELS[Purpose(event.purpose)]) for event in consents],
        "openings": audit.openings_of(shown.pk).exclude(actor=MASK)[:SHOWN_EVENTS],
        "typed": word_to_type(shown),
        "goes": stores(erasure.counts(shown)),
    }


def _cursor(request: HttpRequest) -> tuple[datetime, int] | None:
    moment, _sign, pk = request.GET.get("after", "").partition("~")
    try:
        at = parse_datetime(moment)
    except ValueError:
        return None
    number = whole(pk)
    return (at, number) if at and at.tzinfo and number is not None else None


def _pages(request: HttpRequest, tab: str, after: str) -> dict[str, str]:
    return {
        "next_url": f"?{urlencode({'tab': tab, 'after': after})}" if after else "",
        "previous_url": f"?{urlencode({'tab': tab})}" if request.GET.get("after") else "",
    }


LABELS_OF = {
    "overview": gettext_lazy("Overview"),
    "activity": gettext_lazy("Activity"),
    "orders": gettext_lazy("Orders"),
    "recommendations": gettext_lazy("Recommendations"),
    "messages": gettext_lazy("Messages"),
    "privacy": gettext_lazy("Consent and privacy"),
}
Tab = Callable[[HttpRequest, Customer, Painted | None], dict[str, Any]]
TABS: dict[str, Tab] = {
    "overview": _overview,
    "activity": _activity,
    "orders": _orders,
    "recommendations": _recommendations,
    "messages": _messages,
    "privacy": _privacy,
}
