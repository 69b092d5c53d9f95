"""A training somebody asked for: a fresh release, then the night's work; and trainings whose worker died."""

from datetime import timedelta

from django.utils import timezone

from crm.consents.purposes import Purpose
from crm.privacy import gate
from recommendations.pipeline import retrain
from recommendations.registry.models import ModelVersion

SILENT_HOURS = 6
"""Longer than any stage of a training goes without a word, even with 20 million interactions."""


def train_due(version: ModelVersion) -> None:
    """Train a version that waits, from today's facts; one that somebody else took is left alone.

    Raises what a step raises, after the row says so.
    """
    # Claimed before the release is made, so that no second worker makes another one meanwhile.
    if version.claim():
        retrain.work(version, lambda tell: gate.build(purpose=Purpose.RECOMMENDATION, progress=tell))


def give_up_lost() -> int:
    """Mark trainings failed that have not said a word for hours: their worker died. Return how many.

    Without this the next training could never be asked for.
    """
    silent = timezone.now() - timedelta(hours=SILENT_HOURS)
    lost = ModelVersion.objects.filter(state=ModelVersion.State.RUNNING, heartbeat_at__lt=silent)
    for version in lost:
        version.fail("The worker ended before the training did. Nothing was changed; train again.")
    return len(lost)
