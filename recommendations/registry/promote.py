"""Which version serves: one at a time, and only one that passed the gate."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access.models import User
from recommendations.registry.models import Changeover, ModelVersion

Verdict = ModelVersion.Verdict


class NotPassed(Exception):
    """The version did not pass the gate, or there is nothing to roll back to."""


def live() -> ModelVersion | None:
    """Return the version that serves, None before the first."""
    return ModelVersion.objects.filter(verdict=Verdict.LIVE).first()


@transaction.atomic
def promote(*, version: ModelVersion, by: User | None = None) -> None:
    """Let a version serve; the one before it retires, and the change is written down with who asked for it.

    Raises NotPassed for a version that the gate has not passed.
    """
    locked = ModelVersion.objects.select_for_update().get(pk=version.pk)
    if locked.verdict not in {Verdict.READY, Verdict.RETIRED, Verdict.LIVE}:
        raise NotPassed(_("Version %(number)s has not passed the gate.") % {"number": version.pk})
    if locked.verdict != Verdict.LIVE:
        why = Changeover.Why.PASSED if locked.verdict == Verdict.READY else Changeover.Why.ROLLED_BACK
        Changeover.objects.create(version=locked, before=live(), why=why, by=by)
    ModelVersion.objects.filter(verdict=Verdict.LIVE).exclude(pk=version.pk).update(verdict=Verdict.RETIRED)
    ModelVersion.objects.filter(pk=version.pk).update(verdict=Verdict.LIVE, promoted_at=timezone.now())
    version.refresh_from_db(fields=["verdict", "promoted_at"])


def judge(*, version: ModelVersion, passed: bool, reason: str) -> None:
    """Write down what the gate said."""
    version.verdict = Verdict.READY if passed else Verdict.REJECTED
    version.reason = reason
    version.save(update_fields=["verdict", "reason"])
