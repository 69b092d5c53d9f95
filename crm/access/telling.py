"""How acts are told on a page: a line each, with what changed in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access.models import Act, User
from crm.access.verbs import KINDS

PAGES = {
    "campaigns.campaign": "campaigns:campaign",
    "campaigns.offer": "campaigns:offer",
    "campaigns.emailtemplate": "campaigns:template",
    "segmentation.segment": "segmentation:segment",
    "segmentation.clusterrun": "segmentation:cluster_run",
    "recommendations.modelversion": "recommendations:model",
    "recommendations.placement": "recommendations:placement",
    "crm.product": "crm:product",
    "crm.importrun": "crm:import",
}
"""Where a thing has its page. One that was removed answers 404: its acts stay, as they should."""
WORDS: dict[str, str | Promise] = {
    "name": gettext_lazy("name"),
    "role": gettext_lazy("role"),
    "form": gettext_lazy("file"),
    "people": gettext_lazy("people"),
    "mails": gettext_lazy("mails"),
    "at": gettext_lazy("at"),
    "language": gettext_lazy("language"),
    "languages": gettext_lazy("languages"),
    "translations": gettext_lazy("other languages"),
    "purposes": gettext_lazy("purposes"),
    "purpose": gettext_lazy("purpose"),
    "reason": gettext_lazy("reason"),
    "why": gettext_lazy("because"),
    "columns": gettext_lazy("columns"),
    "subject": gettext_lazy("subject"),
    "scopes": gettext_lazy("rights"),
    "expires_at": gettext_lazy("until"),
    "before": gettext_lazy("before"),
    "copy_of": gettext_lazy("copy of"),
    "rows": gettext_lazy("rows"),
    "addresses": gettext_lazy("addresses"),
    "device": gettext_lazy("device"),
    "network": gettext_lazy("network"),
}
"""What the details of acts are called; a detail that has no word here is called by its own."""
LISTS = {"columns", "features", "languages", "purposes", "rows", "scopes"}
"""Details that are lists; every other one of two elements is [old, new]."""
LONG = 200


@dataclass(frozen=True)
class ActLine:
    """One act as a page tells it."""

    act: Act
    who: str
    kind: str
    url: str
    """Where the thing is shown; "" for what has no page."""
    details: list[str]
    colleague: str
    """Whom it was done to, where that is a colleague: looked up, not frozen."""


def told(acts: Sequence[Act]) -> list[ActLine]:
    """Return a line for each act, in their order. One query where colleagues are among the things."""
    colleagues = [act.object_id for act in acts if act.kind == "crm.user" and act.object_id]
    names = dict(User.objects.filter(pk__in=colleagues).values_list("pk", "username")) if colleagues else {}
    return [
        ActLine(
            act,
            _who(act),
            str(KINDS.get(act.kind, act.kind)),
            _url(act),
            _details(act.details),
            names.get(act.object_id or 0, "") if act.kind == "crm.user" else "",
        )
        for act in acts
    ]


def _who(act: Act) -> str:
    if act.user:
        return act.user.username
    return _("key %(name)s") % {"name": act.api_key.name} if act.api_key else act.get_program_display()


def _url(act: Act) -> str:
    if act.kind == "crm.customer" and act.object_id is not None:
        return reverse("workspace:customer", args=[act.label])
    if act.object_id is None or act.kind not in PAGES:
        return ""
    return reverse(PAGES[act.kind], args=[act.object_id])


def _details(details: Mapping[str, Any]) -> list[str]:
    said = ((name, value) for name, value in details.items() if value is not None)
    return [f"{WORDS.get(name, name)}: {_value(name, value)}"[:LONG] for name, value in said]


def _value(name: str, value: Any) -> str:
    if name == "rows" and isinstance(value, list):
        # Numbers of segments, e-mails and offers are for the record; a reader wants to know how many rows.
        return str(len(value))
    if isinstance(value, list) and len(value) == 2 and name not in LISTS:
        return f"{_plain(value[0])} → {_plain(value[1])}"
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    return "—" if value in (None, "") else str(value)
