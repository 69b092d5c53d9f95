"""The whole night: read the release, learn, sign, ask the gate, publish."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from crm.access.models import User
from crm.privacy import gate
from crm.privacy.models import Release
from lib import artifacts, signing
from lib.progress import Progress, silent
from recommendations.evaluation.evaluate import EvaluationReport
from recommendations.pipeline import judging
from recommendations.pipeline.chosen import means
from recommendations.pipeline.desk import desk_of
from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import FittedHybrid
from recommendations.pipeline.released import NothingToLearn, Released, read
from recommendations.pipeline.serve import serve, stock_of, stock_today
from recommendations.registry import promote
from recommendations.registry.models import ModelVersion
from recommendations.serving import desk


def key_file() -> Path:
    """The key models are signed with."""
    return Path(settings.KEY_DIR) / "models"


def folder_of(version: ModelVersion) -> Path:
    """Where a version's signed artefact lies."""
    return Path(settings.MODEL_DIR) / str(version.pk)


def roll_back(*, version: ModelVersion, by: User | None = None, tell: Progress | None = None) -> None:
    """Let an earlier version serve again, with lists made anew from its signed model and today's shelves.

    Raises promote.NotPassed for a version that never passed the gate or whose release has expired (its people can no
    longer be found), lib.artifacts.OtherFormat for a model made by another release of Relata, lib.artifacts.BadArtifact
    when the model was altered.
    """
    if version.verdict not in {ModelVersion.Verdict.RETIRED, ModelVersion.Verdict.READY}:
        raise promote.NotPassed(_("Version %(number)s has not passed the gate.") % {"number": version.pk})
    release = Release.objects.filter(pk=version.release_ref or 0, wrapped_key__isnull=False).first()
    if release is None:
        told = _("The release version %(number)s learned from has expired; train a new version.")
        raise promote.NotPassed(told % {"number": version.pk})
    fitted = load(version)
    serve(version=version, release=release, stock=stock_today(fitted), fitted=fitted, tell=tell or silent, by=by)


def load(version: ModelVersion) -> FittedHybrid:
    """Load a version's model; raises lib.artifacts.BadArtifact when a byte of it was altered."""
    return FittedHybrid.load(folder_of(version), signing.public_bytes(signing.signing_key(key_file())))


def retrain(*, release: Release, version: ModelVersion, progress: Progress | None = None) -> ModelVersion:
    """Learn from a release; publish the lists if the gate lets the version pass.

    The version's row shows how far the work is; one that somebody else took is left alone. Raises what a step raises,
    after the row says so, Cancelled too; a version that failed, was cancelled or rejected leaves what serves untouched.
    """
    if version.claim():
        work(version, lambda tell: release, progress)
    return version


def work(
    version: ModelVersion, release_of: Callable[[Progress], Release], progress: Progress | None = None
) -> ModelVersion:
    """Do the work of a version that is claimed; `release_of` gives the release to learn from. Raises as `retrain`.

    What an earlier worker had finished before it died, the release and the signed model, is not done again.
    """
    with version.working(progress, expected=(NothingToLearn,)) as tell:
        _work(version, release_of, tell)
    return version


def _work(version: ModelVersion, release_of: Callable[[Progress], Release], tell: Progress) -> None:
    release = _release(version, release_of, tell)
    if version.path:
        fitted = load(version)
        stock = stock_today(fitted)
    else:
        released = read(Path(settings.RELEASE_DIR) / release.path, without=gate.excluded(release))
        fitted = _learn(version, release, released, tell)
        stock = stock_of(released)
    if version.verdict == ModelVersion.Verdict.PENDING:
        _judge(version, fitted, judging.Evidence.from_values(fitted.facts["evidence"]))
    if version.verdict == ModelVersion.Verdict.READY:
        serve(version=version, release=release, stock=stock, fitted=fitted, tell=tell, by=version.created_by)


def _release(version: ModelVersion, release_of: Callable[[Progress], Release], tell: Progress) -> Release:
    """The release an earlier worker made for this version, while it can be opened; else what `release_of` gives."""
    release = Release.objects.filter(pk=version.release_ref or 0, wrapped_key__isnull=False).first()
    release = release or release_of(tell)
    gate.verify(release)
    version.keep(release_ref=release.pk)
    return release


def _learn(version: ModelVersion, release: Release, released: Released, tell: Progress) -> FittedHybrid:
    """Fit everything, find out what the gate will ask, and sign both."""
    fitted = fit_hybrid(released.dataset, means=means(), progress=tell)
    # into the signed folder, so that nobody can better it afterwards
    fitted.facts["evidence"] = judging.gather(release, released, fitted, tell).as_values()
    _keep(version, released, fitted)
    return fitted


def _keep(version: ModelVersion, released: Released, fitted: FittedHybrid) -> None:
    """Sign the model and write what the page of the version shows."""
    key_file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fitted.save(folder_of(version), key_file())
    desk.keep(desk_of(fitted), desk.folder_of(version), key_file())
    data = released.dataset
    again = fitted.again.as_values() if fitted.again else None
    # how it was made is told apart from how good it is
    facts = dict(fitted.facts)
    evidence = facts.pop("evidence")
    reports = [report.as_values() for report in fitted.reports]
    version.keep(
        path=str(folder_of(version)),
        manifest_sha256=hashlib.sha256((folder_of(version) / artifacts.MANIFEST).read_bytes()).hexdigest(),
        people=data.n_users,
        products=data.n_items,
        interactions=data.n_events,
        recipe={"facts": facts, "fresh": fitted.fresh.as_values(), "again": again},
        metrics=_metrics(fitted.reports[0]) | {"reports": reports, "evidence": evidence},
    )


def _metrics(report: EvaluationReport) -> dict[str, Any]:
    return {
        "goal": report.goal,
        "window": report.window,
        "learners": {
            one.name: {
                name: getattr(one, name)
                for name in (
                    "people",
                    "ndcg10",
                    "low",
                    "high",
                    "recall10",
                    "hit10",
                    "coverage10",
                    "novelty10",
                    "buckets",
                )
            }
            for one in report.entries
        },
    }


def _judge(version: ModelVersion, fitted: FittedHybrid, evidence: judging.Evidence) -> None:
    """Ask the gate, and write its verdict with the numbers it rests on."""
    decision, against = judging.judge(fitted, evidence, promote.live())
    version.keep(metrics=version.metrics | {"decision": decision.as_values() | {"against": against}})
    promote.judge(version=version, passed=decision.promoted, reason=judging.sentence(decision, against))
