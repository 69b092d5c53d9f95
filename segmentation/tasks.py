"""Background work of segmentation: cluster runs that wait, segments that follow the portraits."""

from celery import shared_task

from lib.runs import Cancelled
from segmentation.clusters.matrix import NothingToCompare
from segmentation.clusters.models import ClusterRun
from segmentation.segments.refresh import refresh_all
from segmentation.segments.run_clusters import run_clusters as run_one
from segmentation.segments.withdraw import forget_withdrawn as forget
from segmentation.standing.keep import recount_recent


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
    """Bring the memberships of every segment up to date, with orders and answers to mail as they are now."""
    recount_recent()
    refresh_all()


@shared_task
def forget_withdrawn() -> None:
    """Delete the portraits of people who do not allow profiling any more, and close what rested on them."""
    forget()
