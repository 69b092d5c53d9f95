"""The walk round the circle, in the background."""

from celery import shared_task

from workspace.circle import walk as circle


@shared_task
def walk_circle() -> None:
    """Release, portray, cluster, segment and recommend; a walk under way makes this one end at once."""
    circle.walk()
