"""Trainings in the background."""

from celery import shared_task

from recommendations.models import ModelVersion
from recommendations.pipeline import due
from recommendations.serving import shown


@shared_task
def train(version_id: int) -> None:
    """Train one version that was asked for; done by somebody else already is fine."""
    due.train_due(ModelVersion.objects.get(pk=version_id))


@shared_task
def run_due_trainings() -> None:
    """Train what was asked for and no worker took: the wake-up call may have been lost, or its worker killed."""
    due.take_up_lost()
    for version in ModelVersion.objects.filter(state=ModelVersion.State.DUE).order_by("pk"):
        due.train_due(version)


@shared_task
def keep_shown() -> None:
    """Make the months to come of what was shown, and drop those past their time."""
    shown.keep_house()
