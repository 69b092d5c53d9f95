"""Clusters: groups the data shows by itself."""

from django.db import models

from lib.declaration import operations
from lib.runs import Run
from lib.translated import Translated


class ClusterRun(Run):
    """One search for clusters: what was asked, what was found, how good it is."""

    features = models.JSONField(default=list)
    """Names of the portrait features that were compared."""
    k_asked = models.SmallIntegerField(default=0)
    """Number of clusters asked for; 0 lets silhouette and stability choose."""
    k = models.SmallIntegerField(default=0)
    people = models.BigIntegerField(default=0)
    silhouette = models.FloatField(null=True)
    """Mean silhouette on a sample, -1 to 1 (Rousseeuw 1987)."""
    stability = models.FloatField(null=True)
    """Mean adjusted Rand index between fits on bootstrap samples, at most 1 (Hubert and Arabie 1985)."""
    choice = models.JSONField(default=list)
    """For each number tried: {"k", "silhouette", "stability"}."""
    scatter = models.JSONField(default=dict)
    """A sample of at most 1,500 points on two axes, for the chart."""
    release_ref = models.BigIntegerField(null=True)
    created_by = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="cluster_runs")

    class Meta:
        ordering = ["-id"]

    class Privacy(Run.Privacy):
        """Aggregates and an unlabelled sample."""

        id = features = k_asked = k = people = silhouette = stability = choice = scatter = operations()
        release_ref = created_by = operations()


class Cluster(Translated):
    """One group of a run, in words a marketer can read."""

    run = models.ForeignKey(ClusterRun, models.CASCADE, related_name="clusters")
    number = models.SmallIntegerField()
    name = models.CharField(max_length=120)
    size = models.BigIntegerField(default=0)
    share = models.FloatField(default=0)
    features = models.JSONField(default=list)
    """The features that set it apart, strongest first: {"name", "value", "average", "z"}."""
    profile = models.JSONField(default=dict)
    """Feature → mean within the cluster, in the feature's own unit."""
    rules = models.JSONField(default=list)
    """Surrogate rules: what a short decision tree says about who is in, with its precision and coverage."""
    segment_ref = models.BigIntegerField(null=True)
    """The segment that carries the members; it keeps its identity from run to run."""

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="cluster_once_a_run")]

    class Privacy:
        """Aggregates."""

        id = run = number = name = translations = size = share = features = profile = rules = segment_ref = operations()

    def __str__(self) -> str:
        return self.name
