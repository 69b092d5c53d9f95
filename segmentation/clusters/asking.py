"""Asking for a search for clusters, and calling one off. A worker takes what is asked for."""

from collections.abc import Sequence

from django.db import transaction

from crm.access import acts
from crm.access.acts import By
from crm.access.models import User
from crm.access.verbs import Verb
from segmentation.clusters.models import ClusterRun


@transaction.atomic(durable=True)
def ask(*, k: int, features: Sequence[str], by: User | None = None) -> ClusterRun:
    """Leave a run that is due: `k` clusters, or with 0 as many as turn out best, by these features of portraits."""
    run = ClusterRun.objects.create(k_asked=k, features=list(features), created_by=by)
    acts.record(by=by, verb=Verb.STARTED, on=run, clusters=k, features=list(features))
    return run


@transaction.atomic(durable=True)
def call_off(*, run: ClusterRun, by: By = None) -> bool:
    """Stop a run; segments stay as they are. Returns False when it was over already."""
    stopped = run.cancel()
    if stopped:
        acts.record(by=by, verb=Verb.CANCELLED, on=run)
    return stopped
