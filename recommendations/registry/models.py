"""Versions of the recommender: what each learned from, how good it is, whether it serves."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.declaration import operations
from lib.runs import Run


class ModelVersion(Run):
    """One training, from asking for it to serving or rejection. The row is the work's progress bar too."""

    ATTEMPTS = 2
    """A training that killed two workers, for want of memory perhaps, would kill the third."""

    class Verdict(models.TextChoices):
        """What the gate said, and whether the version serves."""

        PENDING = "pending", _("Training")
        REJECTED = "rejected", _("Rejected")
        READY = "ready", _("Ready")
        LIVE = "live", _("In use")
        RETIRED = "retired", _("Retired")

    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.PENDING)
    reason = models.TextField(blank=True)
    """Why the gate decided as it did, in one sentence."""
    recipe = models.JSONField(default=dict, blank=True)
    """Learners with their settings, and the blend's weights per history bucket."""
    metrics = models.JSONField(default=dict, blank=True)
    """{"learners": {name: {"ndcg10", "low", "high", "recall10", "hit10", "coverage10", "novelty10", ...}},
    "reports": every goal's (evaluate.Report), "evidence": figures by group, the attack and rated errors
    (pipeline.judging.Evidence), "decision": what the gate asked and found (gate.Decision)}."""
    release_ref = models.BigIntegerField(null=True)
    path = models.CharField(max_length=500, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    people = models.BigIntegerField(default=0)
    products = models.BigIntegerField(default=0)
    interactions = models.BigIntegerField(default=0)
    promoted_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="model_versions")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["verdict"], condition=models.Q(verdict="live"), name="one_live_version")
        ]

    class Privacy(Run.Privacy):
        """Aggregates over people; per-person arrays stay in the signed artefact."""

        id = verdict = reason = recipe = metrics = release_ref = path = manifest_sha256 = operations()
        people = products = interactions = promoted_at = created_by = operations()

    def __str__(self) -> str:
        return f"v{self.pk}"

    def hopeless(self) -> str:
        """Why a lost training should not be taken up: overtaken, it would replace what was learned after it."""
        if ModelVersion.objects.filter(pk__gt=self.pk, state=self.State.DONE).exists():
            return "The worker ended before the training did, and a newer version was trained since."
        if self.attempts >= self.ATTEMPTS:
            return "The worker ended twice before the training did. Nothing was changed; train again."
        return ""


class Changeover(models.Model):
    """One moment at which another version began to serve. Append-only."""

    class Why(models.TextChoices):
        """What made it serve."""

        PASSED = "passed", _("Passed the gate")
        ROLLED_BACK = "rolled_back", _("Rolled back")

    at = models.DateTimeField(auto_now_add=True)
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="changeovers")
    before = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    """The version that served until then; null for the first, and where that one was deleted."""
    why = models.CharField(max_length=12, choices=Why)
    by = models.ForeignKey("crm.User", models.SET_NULL, null=True, related_name="changeovers")
    """Who asked; null for a night's own work, and for people who left."""

    class Meta:
        ordering = ["-id"]

    class Privacy:
        """Who of the team changed what serves."""

        id = at = version = before = why = by = operations()

    def __str__(self) -> str:
        return f"{self.version} {self.why}"
