"""The whole circle on one page: release → portray → cluster → segment → train → recommend.

Collecting and sealing happen as facts arrive; sending and listening happen as campaigns run. What is left between the
two is walked here, every night or when somebody asks.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.cache import cache

from crm.consents.purposes import Purpose
from crm.privacy import gate
from lib.progress import Progress
from lib.pulse import beating
from recommendations.models import ModelVersion
from recommendations.pipeline import retrain
from recommendations.pipeline.released import NothingToLearn
from segmentation.clusters.matrix import NothingToCompare
from segmentation.models import ClusterRun, Segment
from segmentation.portraits import build
from segmentation.segments import refresh, run_clusters, starters
from segmentation.standing import keep
from workspace.dashboard import rollup
from workspace.demo import campaign, react

LOCK_SECONDS = 10 * 60
"""The lock of a walk that was killed is gone after so long; one under way renews it."""
Announce = Callable[[str], Progress]
"""Called with a stage's name when it starts; returns where its progress goes."""


@dataclass
class CircleStage:
    """What one stage did."""

    name: str
    seconds: float
    counts: dict[str, Any]


@dataclass
class Walk:
    """One walk round the circle."""

    stages: list[CircleStage] = field(default_factory=list)
    busy: bool = False
    """True when another walk was under way and nothing was done."""


def silent(stage: str) -> Progress:
    """Say nothing about progress."""
    return lambda done, total, doing: None


def walk(announce: Announce = silent) -> Walk:
    """Walk the learning half of the circle; two walks never run at once.

    Raises what a stage raises; stages before it keep what they wrote, so the next walk picks up.
    """
    # The lock only saves work: every stage is safe to run twice, so its loss after a crash costs nothing but time.
    if not cache.add("circle", "walking", LOCK_SECONDS):
        return Walk(busy=True)
    try:
        with beating(lambda: cache.touch("circle", LOCK_SECONDS)):
            return _walk(announce)
    finally:
        cache.delete("circle")


def _walk(announce: Announce) -> Walk:
    done = Walk()

    def stage(name: str, work: Callable[[Progress], tuple[Any, dict[str, Any]]]) -> Any:
        started = time.monotonic()
        result, counts = work(announce(name))
        done.stages.append(CircleStage(name, time.monotonic() - started, counts))
        return result

    profiling = stage("release", _release(Purpose.PROFILING))
    stage("portray", lambda progress: _portray(profiling, progress))
    stage("cluster", _cluster)
    stage("segment", _segment)
    taste = stage("release for recommendations", _release(Purpose.RECOMMENDATION))
    stage("recommend", lambda progress: _recommend(taste, progress))
    rollup.renew(everything=True)
    return done


def send(announce: Announce = silent) -> list[CircleStage]:
    """Send a demo campaign over the clusters, a different offer for each, and let its readers react."""
    started = time.monotonic()
    sent = campaign.send(campaign.plan(), announce("campaign"))
    counts = {"segments": sent.rows, "offers": sent.offers, **sent.deliveries}
    stages = [CircleStage("campaign and deliver", time.monotonic() - started, counts)]
    if settings.MAILBOX_ENABLED:
        started = time.monotonic()
        found = react.react(sent.campaign, announce("listen"))
        acts = {name: getattr(found, name) for name in ("read", "opened", "clicked", "ordered", "left")}
        stages.append(CircleStage("listen", time.monotonic() - started, acts))
    rollup.renew()
    return stages


def _release(purpose: Purpose) -> Callable[[Progress], tuple[Any, dict[str, Any]]]:
    def work(progress: Progress) -> tuple[Any, dict[str, Any]]:
        release = gate.build(purpose=purpose, progress=progress)
        counts = {"people": release.people_kept, "interactions": release.interactions_kept}
        return release, counts | {f"left out, {reason}": n for reason, n in release.people_excluded.items()}

    return work


def _portray(release: Any, progress: Progress) -> tuple[Any, dict[str, Any]]:
    run = build.paint(release=release, progress=progress)
    return run, {"portraits": run.painted, "removed": run.removed}


def _cluster(progress: Progress) -> tuple[Any, dict[str, Any]]:
    run = ClusterRun.objects.create()
    try:
        run_clusters.run_clusters(run=run, progress=progress)
    except NothingToCompare as why:
        # An empty or new shop is no fault: the run says why, and the next walk looks again.
        return run, {"clusters": 0, "why": str(why)}
    run.refresh_from_db()
    names = ", ".join(cluster.name for cluster in run.clusters.all())
    return run, {"clusters": run.k, "people": run.people, "silhouette": round(run.silhouette or 0.0, 3), "names": names}


def _segment(progress: Progress) -> tuple[Any, dict[str, Any]]:
    keep.recount_all(progress=progress)
    starters.ensure()
    refresh.refresh_all(progress=progress)
    sizes = Segment.objects.in_use().values_list("name", "size")
    return None, {"segments": len(sizes), **{name: size for name, size in sizes if size}}


def _recommend(release: Any, progress: Progress) -> tuple[Any, dict[str, Any]]:
    version = ModelVersion.objects.create()
    try:
        retrain.retrain(release=release, version=version, progress=progress)
    except NothingToLearn as why:
        return version, {"lists": 0, "why": str(why)}
    version.refresh_from_db()
    counts: dict[str, Any] = {"verdict": version.verdict, "reason": version.reason}
    for name, figure in version.metrics.get("learners", {}).items():
        counts[f"NDCG@10 {name}"] = f"{figure['ndcg10']:.4f} ({figure['low']:.4f}-{figure['high']:.4f})"
    return version, counts | {"lists": version.recommendations.count()}
