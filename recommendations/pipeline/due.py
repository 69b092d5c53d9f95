"""A training somebody asked for: a fresh release, then the night's work; and trainings whose worker died."""

import logging

from crm.consents.purposes import Purpose
from crm.privacy import gate
from recommendations.pipeline import retrain
from recommendations.registry.models import ModelVersion

ATTEMPTS = 2
"""A training that killed two workers, for want of memory perhaps, would kill the third."""

log = logging.getLogger(__name__)


def train_due(version: ModelVersion) -> None:
    """Train a version that waits, from today's facts; one that somebody else took is left alone.

    Raises what a step raises, after the row says so.
    """
    # Claimed before the release is made, so that no second worker makes another one meanwhile.
    if version.claim():
        retrain.work(version, lambda tell: gate.build(purpose=Purpose.RECOMMENDATION, progress=tell))


def take_up_lost() -> int:
    """Let trainings whose worker died wait again, and go on from what they had finished; return how many were lost.

    One that was lost before, or that a newer version has overtaken, is marked failed, and the next can be asked for.
    """
    lost = list(ModelVersion.lost())
    for version in lost:
        if ModelVersion.objects.filter(pk__gt=version.pk, state=ModelVersion.State.DONE).exists():
            version.fail("The worker ended before the training did, and a newer version was trained since.")
        elif version.attempts >= ATTEMPTS:
            version.fail("The worker ended twice before the training did. Nothing was changed; train again.")
        elif version.take_back():
            log.warning("The worker that trained %s fell silent; another takes it up.", version)
    return len(lost)
