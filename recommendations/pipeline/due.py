"""A training somebody asked for: a fresh release, then the night's work."""

from crm.consents.purposes import Purpose
from crm.privacy import gate
from recommendations.pipeline.retrain import retrain
from recommendations.registry.models import ModelVersion


def train_due(version: ModelVersion) -> None:
    """Train a version that waits, from today's facts; one that somebody else took is left alone.

    Raises what a step raises, after the row says so.
    """
    if version.state != ModelVersion.State.DUE:
        return
    try:
        release = gate.build(purpose=Purpose.RECOMMENDATION)
    except Exception as error:
        version.fail(error)
        raise
    retrain(release=release, version=version)
