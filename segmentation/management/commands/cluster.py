"""Look for clusters now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.clusters.matrix import NothingToCompare
from segmentation.clusters.models import ClusterRun
from segmentation.segments.run_clusters import run_clusters


class Command(BaseCommand):
    """Parse, call, say."""

    help = "Find clusters among all portraits and give each its segment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number of clusters and the features to compare."""
        parser.add_argument("--k", type=int, default=0, help="number of clusters; 0 lets quality choose from 3 to 8")
        parser.add_argument("--features", nargs="+", default=[], help="portrait features to compare people by")

    def handle(self, *args: Any, **options: Any) -> str:
        """Run and return a line for each cluster."""
        run = ClusterRun.objects.create(k_asked=options["k"], features=options["features"])
        try:
            run_clusters(run=run)
        except NothingToCompare as error:
            raise CommandError(str(error)) from error
        lines = [f"{c.size:>9,}  {c.share:6.1%}  {c.name}" for c in run.clusters.all()]
        head = (
            f"{run.k} clusters of {run.people:,} people, silhouette {run.silhouette:.3f}, stability {run.stability:.3f}"
        )
        return "\n".join([head, *lines])
