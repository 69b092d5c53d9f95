"""One search for clusters from portraits to segments."""

from django.db import transaction

from lib.runs import Cancelled, Progress
from segmentation.clusters.describe import Description, describe, scatter
from segmentation.clusters.fit import Fit, fit
from segmentation.clusters.matrix import DEFAULT, Matrix, load
from segmentation.clusters.models import Cluster, ClusterRun
from segmentation.portraits.models import PortraitRun
from segmentation.segments.carry import carry_clusters

SEED = 0
STEPS = 10
"""Progress is told in tenths: reading 1, trying numbers 2 to 8, describing 9, memberships 10."""


def run_clusters(*, run: ClusterRun, progress: Progress | None = None) -> ClusterRun:
    """Do what a run asks: read portraits, find clusters, name them, give each its segment.

    A run that still waits is claimed first; one that somebody else took is left alone.

    Raises NothingToCompare when there are too few people or they do not differ, Cancelled when the run was cancelled;
    then segments are as they were before. The run's row says how it ended.
    """

    def report(done: int, doing: str) -> None:
        run.report(done, STEPS, doing)
        if progress:
            progress(done, STEPS, doing)

    if run.state == ClusterRun.State.DUE and not run.claim():
        return run
    try:
        report(0, "reading portraits")
        matrix = load(run.features or DEFAULT)
        found = fit(
            matrix.scaled,
            k=run.k_asked,
            seed=SEED,
            tried=lambda done, total: report(1 + done * 7 // total, "trying numbers of clusters"),
        )
        report(8, "describing")
        described = describe(matrix, found)
        report(9, "writing memberships")
        _write(run, matrix, found, described)
    except Cancelled:
        raise
    except Exception as error:
        run.fail(error)
        raise
    run.finish()
    if progress:
        progress(STEPS, STEPS, "clusters")
    return run


@transaction.atomic
def _write(run: ClusterRun, matrix: Matrix, found: Fit, described: list[Description]) -> None:
    run.features = list(matrix.names)
    run.k, run.people = found.k, len(matrix.people)
    run.silhouette, run.stability = found.chosen.silhouette, found.chosen.stability
    run.choice = [
        {"k": choice.k, "silhouette": round(choice.silhouette, 4), "stability": round(choice.stability, 4)}
        for choice in found.choices
    ]
    run.scatter = scatter(matrix, found, seed=SEED)
    latest = PortraitRun.objects.filter(state=PortraitRun.State.DONE).first()
    run.release_ref = latest.release_ref if latest else None
    run.done = STEPS
    run.save()
    run.clusters.all().delete()
    Cluster.objects.bulk_create(
        Cluster(
            run=run,
            number=one.number,
            name_en=one.name_en,
            name_zh=one.name_zh,
            size=one.size,
            share=one.share,
            features=one.features,
            profile=one.profile,
            rules=one.rules,
        )
        for one in described
    )
    carry_clusters(run=run, people=matrix.people, labels=found.labels)
