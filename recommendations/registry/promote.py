"""Which version serves: one at a time, and only one that passed the gate."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import acts
from crm.access.acts import By
from crm.access.models import User
from crm.access.verbs import Verb
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
        before = live()
        Changeover.objects.create(version=locked, before=before, why=why, by=by)
        verb = Verb.PROMOTED if why == Changeover.Why.PASSED else Verb.ROLLED_BACK
        acts.record(by=by, verb=verb, on=locked, before=before.pk if before else None)
    ModelVersion.objects.filter(verdict=Verdict.LIVE).exclude(pk=version.pk).update(verdict=Verdict.RETIRED)
    ModelVersion.objects.filter(pk=version.pk).update(verdict=Verdict.LIVE, promoted_at=timezone.now())
    version.refresh_from_db(fields=["verdict", "promoted_at"])


@transaction.atomic(durable=True)
def ask(*, by: User | None = None) -> tuple[ModelVersion, bool]:
    """Ask for a new version, which a worker will take; returns it and True, or the one on its way already and False."""
    waiting = ModelVersion.objects.filter(state__in=[ModelVersion.State.DUE, ModelVersion.State.RUNNING]).first()
    if waiting is not None:
        return waiting, False
    version = ModelVersion.objects.create(created_by=by)
    acts.record(by=by, verb=Verb.STARTED, on=version)
    return version, True


@transaction.atomic(durable=True)
def call_off(*, version: ModelVersion, by: By = None) -> bool:
    """Stop a training; what serves stays. Returns False when it was over already."""
    stopped = version.cancel()
    if stopped:
        acts.record(by=by, verb=Verb.CANCELLED, on=version)
    return stopped


def judge(*, version: ModelVersion, passed: bool, reason: str) -> None:
    """Write down what the gate said."""
    version.verdict = Verdict.READY if passed else Verdict.REJECTED
    version.reason = reason
    version.save(update_fields=["verdict", "reason"])
