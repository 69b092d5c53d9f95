"""Trainings in the background."""

from celery import shared_task

from lib.runs import run_due
from recommendations.models import ModelVersion
from recommendations.pipeline import due
from recommendations.serving import shown


@shared_task
def run_due_trainings() -> None:
    """Take up trainings whose worker was lost, and do every one that was asked for."""
    run_due(ModelVersion, due.work)


@shared_task
def keep_shown() -> None:
    """Make the months to come of what was shown, and drop those past their time."""
    shown.keep_house()
