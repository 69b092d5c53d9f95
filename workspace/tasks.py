"""The walk round the circle, in the background."""

from celery import shared_task

from workspace.circle import walk as circle
from workspace.dashboard import rollup


@shared_task
def walk_circle() -> None:
    """Release, portray, cluster, segment and recommend; a walk under way makes this one end at once."""
    circle.walk()


@shared_task
def renew_figures() -> None:
    """Count for the dashboard what the last days brought; one under way, or just done, makes this one end at once."""
    rollup.renew(older_than=rollup.FRESH)
