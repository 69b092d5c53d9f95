"""A training somebody asked for: a fresh release, then the night's work."""

from crm.consents.purposes import Purpose
from crm.privacy import gate
from recommendations.pipeline import retrain
from recommendations.registry.models import ModelVersion


def work(version: ModelVersion) -> None:
    """Train a version that is claimed, from today's facts. Raises what a step raises, after the row says so."""
    retrain.work(version, lambda tell: gate.build(purpose=Purpose.RECOMMENDATION, progress=tell))
