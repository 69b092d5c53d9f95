"""The one answer to "may we write to her?": an ordered list of branches, each a reason why not.

Counting an audience, freezing it, claiming, composing, previewing and exporting all ask it here, so a new reason is one
branch in this file. It exists as text for statements written by hand (`sql`) and as an expression for querysets
(`Ineligible`); both are filled from the same list.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.privacy.suppression import Reason as Listed


class Lane(models.TextChoices):
    """What kind of message asks: what a person wants to know, or what we would like to tell."""

    TRANSACTIONAL = "transactional", _("Transactional")
    MARKETING = "marketing", _("Marketing")


class Reason(models.TextChoices):
    """Why somebody is not written to, in the order in which they are asked; the first that holds is given."""

    CANARY = "canary", _("Invented person")
    ERASED = "erased", _("Erased")
    RESTRICTED = "restricted", _("Processing restricted")
    NO_CONSENT = "no_consent", _("No consent to this kind of message")
    NO_ADDRESS = "no_address", _("No e-mail address")
    SUPPRESSED = "suppressed", _("On the suppression list")


STOPPING: dict[Lane, frozenset[Listed]] = {
    # An order confirmation still goes to somebody who unsubscribed from newsletters.
    Lane.TRANSACTIONAL: frozenset({Listed.BOUNCED, Listed.COMPLAINED, Listed.ERASED}),
    Lane.MARKETING: frozenset(Listed),
}
"""What on the suppression list stops messages of a lane."""


def _stopped() -> str:
    by_lane = (
        "{{lane}} = '{lane}' AND {{suppressed}} IN ({listed})".format(
            lane=lane.value, listed=", ".join(f"'{reason.value}'" for reason in sorted(listed))
        )
        for lane, listed in STOPPING.items()
    )
    return " OR ".join(f"({one})" for one in by_lane)


BRANCHES: tuple[tuple[Reason, str], ...] = (
    (Reason.CANARY, "{canary}"),
    (Reason.ERASED, "{state} = '" + Customer.State.ERASED.value + "'"),
    (Reason.RESTRICTED, "{state} = '" + Customer.State.RESTRICTED.value + "'"),
    (Reason.NO_CONSENT, "{permission} & {purpose} <> {purpose}"),
    (Reason.NO_ADDRESS, "{email_index} IS NULL"),
    # Unknown (null) for addresses sealed by an older version: the composer asks the list itself before the wire.
    (Reason.SUPPRESSED, _stopped()),
)
"""Reason → when it holds, in SQL with holes; add "capped", "control group", "quiet hours" here and nowhere else."""

_COLUMNS = ("canary", "state", "permission", "email_index", "suppressed")


def _case(holes: Mapping[str, str]) -> str:
    branches = " ".join(f"WHEN {when.format(**holes)} THEN '{reason.value}'" for reason, when in BRANCHES)
    return f"CASE {branches} ELSE '' END"


def sql(*, purpose: str, lane: str, customer: str = "k", identity: str = "i") -> str:
    """Return the SQL expression of the reason, '' for somebody who may be written to.

    `purpose` and `lane` are SQL themselves: a column such as `m.purpose`, or a placeholder such as `%(purpose)s`.
    `customer` and `identity` name crm_customer and crm_identity in the statement; the second is joined by LEFT JOIN.
    """
    columns = {name: f"{customer}.{name}" for name in ("canary", "state", "permission")}
    columns |= {name: f"{identity}.{name}" for name in ("email_index", "suppressed")}
    return _case({**columns, "purpose": purpose, "lane": lane})


class Ineligible(Func):
    """The reason as an expression of a queryset, '' for somebody who may be written to.

    `path` leads to the customer: "" in querysets of customers, "customer__" in those of what hangs on one.
    """

    output_field = models.CharField()

    def __init__(
        self, path: str = "", *, purpose: Purpose = Purpose.EMAIL_MARKETING, lane: Lane = Lane.MARKETING
    ) -> None:
        """Ask for messages of a purpose and a lane."""
        identity = ("identity__email_index", "identity__suppressed")
        super().__init__(*(F(path + name) for name in ("canary", "state", "permission", *identity)))
        self.asked = {"purpose": str(int(purpose)), "lane": f"'{Lane(lane).value}'"}

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        """Return the CASE over the columns as this query names them."""
        columns = [compiler.compile(expression)[0] for expression in self.get_source_expressions()]
        return _case({**dict(zip(_COLUMNS, columns, strict=True)), **self.asked}), ()


def reachable(purpose: Purpose = Purpose.EMAIL_MARKETING, lane: Lane = Lane.MARKETING) -> "QuerySet[Customer]":
    """Return the customers who may be written to today."""
    return Customer.objects.alias(_why_not=Ineligible(purpose=purpose, lane=lane)).filter(_why_not="")


def reasons(
    customer_ids: Iterable[int], purpose: Purpose = Purpose.EMAIL_MARKETING, lane: Lane = Lane.MARKETING
) -> dict[int, str]:
    """Return customer id → reason, '' for those who may be written to; one query. Unknown ids are absent."""
    asked = Customer.objects.filter(pk__in=list(customer_ids))
    return dict(asked.values_list("pk", Ineligible(purpose=purpose, lane=lane)))


def stopped_by(listed: str, lane: str) -> bool:
    """Say whether a reason of the suppression list stops messages of a lane; `listed` is "" for who is not on it."""
    return listed in STOPPING[Lane(lane)]
