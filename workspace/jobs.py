"""Long work that runs right now, whatever its kind."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.models import ImportRun, Release
from recommendations.models import ModelVersion
from segmentation.models import ClusterRun, PortraitRun

SHOWN_AT_MOST = 5


def running() -> list[dict[str, Any]]:
    """Return the running jobs: label, done, total, and the page that shows more."""
    found: list[dict[str, Any]] = []
    for model, label, route, own_page in (
        (ImportRun, _("Import"), "crm:import", True),
        (Release, _("Release for learning"), "crm:privacy", False),
        (PortraitRun, _("Painting portraits"), "workspace:customers", False),
        (ClusterRun, _("Looking for clusters"), "segmentation:cluster_run", True),
        (ModelVersion, _("Training recommendations"), "recommendations:model", True),
    ):
        for run in model._default_manager.filter(state="running")[:SHOWN_AT_MOST]:
            url = reverse(route, args=[run.pk]) if own_page else reverse(route)
            found.append({"label": label, "done": run.done, "total": run.total, "url": url})
    return found
