"""Background work of segmentation: cluster runs that wait, segments that follow the portraits."""

from celery import shared_task

from lib.runs import run_due
from segmentation.clusters.models import ClusterRun
from segmentation.portraits import build
from segmentation.portraits.models import PortraitRun
from segmentation.segments.refresh import refresh_all
from segmentation.segments.run_clusters import work
from segmentation.segments.withdraw import forget_withdrawn as forget
from segmentation.standing.keep import recount_recent


@shared_task
def run_due_clusters() -> None:
    """Take up searches for clusters whose worker was lost, and do every one that waits."""
    run_due(ClusterRun, work)


@shared_task
def run_due_portraits() -> None:
    """Take up paintings whose worker was lost."""
    run_due(PortraitRun, build.work)


@shared_task
def refresh_segments() -> None:
    """Bring the memberships of every segment up to date, with orders and answers to mail as they are now."""
    recount_recent()
    refresh_all()


@shared_task
def forget_withdrawn() -> None:
    """Delete the portraits of people who do not allow profiling any more, and close what rested on them."""
    forget()
