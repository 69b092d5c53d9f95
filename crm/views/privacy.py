"""The privacy centre: what people allow, what left for learning, who opened whom, what is held, and erasure."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.db.models import Count, F, Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access.guards import administrator, is_administrator
from crm.consents.purposes import LABELS, Purpose
from crm.customers.models import Customer
from crm.privacy import erasure, inventory
from crm.privacy.models import Opening, Release, Suppression
from crm.views.customers import stores, word_to_type

KEPT_SECONDS = 60
SHOWN = 50
MASK = "mask"
"""Who opens for masked lists: each page of customers does, so the log shows them only when asked to."""
CERTIFICATE = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})-(\d{8}T\d{6})\d{0,6}\.json")
EXCLUDED = {
    "no_consent": gettext_lazy("no consent"),
    "restricted": gettext_lazy("processing restricted"),
    "erased": gettext_lazy("erased"),
    "canary": gettext_lazy("invented, to prove promises"),
}


def centre(request: HttpRequest) -> HttpResponse:
    """Show the privacy centre. A person to be erased is looked for by a posted id, and shown by pseudonym."""
    is_admin = is_administrator(request)
    if request.method == "POST":
        administrator(request)
        return _find(request)
    everything, with_masks = Opening.objects.select_related("customer"), request.GET.get("openings") == "all"
    people, coverage = cache.get_or_set("privacy:coverage", _coverage, KEPT_SECONDS) or (0, [])
    context: dict[str, Any] = {
        "nav": "privacy",
        "people": people,
        "coverage": [(LABELS[Purpose(bit)], count) for bit, count in coverage],
        "releases": [_release(release) for release in Release.objects.all()[:10]],
        "openings": (everything if with_masks else everything.exclude(actor=MASK))[:SHOWN],
        "with_masks": with_masks,
        "suppressed": _suppressed(),
        "holdings": _holdings(),
        "is_admin": is_admin,
        "certificates": _certificates() if is_admin else [],
    }
    if is_admin and (found := _asked(request)):
        context |= {"customer": found, "goes": stores(erasure.counts(found)), "typed": word_to_type(found)}
    return render(request, "crm/privacy/centre.html", context)


def _find(request: HttpRequest) -> HttpResponse:
    words = request.POST.get("id", "").strip()
    found: Any = Customer.objects.filter(canary=False)
    uuid = re.sub(r"[^0-9a-f]", "", words.lower())
    match = found.filter(external_id=words).first() if words else None
    if match is None and len(uuid) == 32:
        match = found.filter(uuid=uuid).first()
    if match is None:
        messages.warning(request, _("No customer has this id."))
        return redirect("crm:privacy")
    return redirect(f"{reverse('crm:privacy')}?person={match.uuid}#erasure")


def _asked(request: HttpRequest) -> Customer | None:
    uuid = re.sub(r"[^0-9a-f]", "", request.GET.get("person", ""))
    found: Any = Customer.objects.filter(canary=False)
    return found.filter(uuid=uuid).first() if len(uuid) == 32 else None


def _coverage() -> tuple[int, list[tuple[int, int]]]:
    bits = [purpose for purpose in Purpose if purpose != Purpose.SERVICE]
    people: Any = Customer.objects.real()
    for bit in bits:
        people = people.alias(**{f"_{bit.name}": F("permission").bitand(int(bit))})
    counts = people.aggregate(
        people=Count("id"), **{str(bit.name): Count("id", filter=Q(**{f"_{bit.name}": int(bit)})) for bit in bits}
    )
    return counts["people"], [(int(bit), counts[str(bit.name)]) for bit in bits]


def _release(release: Release) -> dict[str, Any]:
    reasons = sorted((release.people_excluded or {}).items(), key=lambda pair: -pair[1])
    return {
        "release": release,
        "purposes": [LABELS[Purpose(bit)] for bit in Purpose if release.purpose & bit],
        "excluded": [(EXCLUDED.get(reason, reason.replace("_", " ")), count) for reason, count in reasons],
        "expired": bool(release.expires_at and release.expires_at <= datetime.now(UTC)),
    }


def _suppressed() -> list[tuple[str, int]]:
    counts = Suppression.objects.values_list("reason").annotate(number=Count("id")).order_by("-number")
    return [(str(Suppression.Reason(reason).label), number) for reason, number in counts]


def _holdings() -> list[dict[str, Any]]:
    """Return, for every model that holds something about people, its fields by category."""
    found: dict[Any, dict[str, Any]] = {}
    for entry in inventory.entries():
        if entry.declaration.personal:
            held = found.setdefault(entry.model, {"label": entry.model._meta.label, "fields": [], "categories": set()})
            held["fields"].append(entry)
            held["categories"].add(entry.declaration.category)
    return [{**held, "categories": sorted(held["categories"])} for held in found.values()]


def inventory_file(request: HttpRequest, form: str) -> HttpResponse:
    """Answer the record of processing as a file: `csv` or `json`."""
    written = {"csv": (inventory.as_csv, "text/csv"), "json": (inventory.as_json, "application/json")}
    if form not in written:
        raise Http404
    write, kind = written[form]
    headers = {"Content-Disposition": f'attachment; filename="inventory.{form}"'}
    return HttpResponse(write(), content_type=kind, headers=headers)


def _certificates() -> list[dict[str, Any]]:
    folder = Path(settings.CERTIFICATE_DIR)
    found = []
    for path in folder.glob("*.json") if folder.is_dir() else []:
        if match := CERTIFICATE.fullmatch(path.name):
            at = datetime.strptime(match[2], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            found.append({"name": path.name, "person": match[1], "at": at})
    return sorted(found, key=lambda one: one["at"], reverse=True)[:SHOWN]


def certificate(request: HttpRequest, name: str) -> FileResponse:
    """Answer one signed certificate of erasure.

    Raises PermissionDenied for everybody but administrators, Http404 where there is none of that name.
    """
    administrator(request)
    # The pattern allows no separator, so the name cannot lead out of the folder.
    path = Path(settings.CERTIFICATE_DIR) / name
    if not CERTIFICATE.fullmatch(name) or not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=name)
