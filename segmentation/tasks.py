"""Background work of segmentation: cluster runs that wait, segments that follow the portraits."""

from celery import shared_task

from lib.runs import Cancelled
from segmentation.clusters.matrix import NothingToCompare
from segmentation.clusters.models import ClusterRun
from segmentation.segments.refresh import refresh_all
from segmentation.segments.run_clusters import run_clusters as run_one


@shared_task
def run_due_clusters() -> None:
    """Do every cluster run that waits; another worker may take some of them."""
    for run in ClusterRun.objects.filter(state=ClusterRun.State.DUE).order_by("id"):
        try:
            run_one(run=run)
        except (NothingToCompare, Cancelled):
            # The row says so, and the others still wait.
            continue


@shared_task
def refresh_segments() -> None:
    """Bring the memberships of every segment up to date."""
    refresh_all()
