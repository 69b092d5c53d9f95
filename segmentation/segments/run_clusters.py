"""One search for clusters from portraits to segments."""

from django.db import transaction

from lib.progress import Progress
from lib.translated import parted
from segmentation.clusters.describe import Description, describe, scatter
from segmentation.clusters.fit import Fit, fit
from segmentation.clusters.matrix import DEFAULT, Matrix, NothingToCompare, load
from segmentation.clusters.models import Cluster, ClusterRun
from segmentation.portraits.models import PortraitRun
from segmentation.segments.carry import carry_clusters

SEED = 0
STEPS = 10
"""Progress is told in tenths: reading 1, trying numbers 2 to 8, describing 9, memberships 10."""


def run_clusters(*, run: ClusterRun, progress: Progress | None = None) -> ClusterRun:
    """Do what a run asks: read portraits, find clusters, name them, give each its segment.

    A run that still waits is claimed first; one that somebody else took is left alone. Raises as `work` does.
    """
    if run.state == ClusterRun.State.DUE and not run.claim():
        return run
    return work(run, progress)


def work(run: ClusterRun, progress: Progress | None = None) -> ClusterRun:
    """Find the clusters that a claimed run asks for, from the beginning.

    Raises NothingToCompare when there are too few people or they do not differ, Cancelled when the run was cancelled;
    then segments are as they were before. The run's row says how it ended.
    """
    with run.working(progress, expected=(NothingToCompare,)) as tell:
        tell(0, STEPS, "reading portraits")
        matrix = load(run.features or DEFAULT)
        found = fit(
            matrix.scaled,
            k=run.k_asked,
            seed=SEED,
            tried=lambda done, total: tell(1 + done * 7 // total, STEPS, "trying numbers of clusters"),
        )
        tell(8, STEPS, "describing")
        described = describe(matrix, found)
        tell(9, STEPS, "writing memberships")
        _write(run, matrix, found, described)
    if progress:
        progress(STEPS, STEPS, "clusters")
    return run


@transaction.atomic
def _write(run: ClusterRun, matrix: Matrix, found: Fit, described: list[Description]) -> None:
    latest = PortraitRun.objects.filter(state=PortraitRun.State.DONE).first()
    run.clusters.all().delete()
    Cluster.objects.bulk_create(_cluster(run, one) for one in described)
    carry_clusters(run=run, people=matrix.people, labels=found.labels)
    # Last: what came of it and the segments are one, and a worker that was given up changes neither.
    run.finish(
        features=list(matrix.names),
        k=found.k,
        people=len(matrix.people),
        silhouette=found.chosen.silhouette,
        stability=found.chosen.stability,
        choice=[
            {"k": choice.k, "silhouette": round(choice.silhouette, 4), "stability": round(choice.stability, 4)}
            for choice in found.choices
        ],
        scatter=scatter(matrix, found, seed=SEED),
        release_ref=latest.release_ref if latest else None,
        done=STEPS,
    )


def _cluster(run: ClusterRun, one: Description) -> Cluster:
    own, translations = parted({language: {"name": name} for language, name in one.names.items()})
    return Cluster(
        run=run,
        number=one.number,
        translations=translations,
        size=one.size,
        share=one.share,
        features=one.features,
        profile=one.profile,
        rules=one.rules,
        **own,
    )
