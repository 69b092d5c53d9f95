"""Files that came in, and what was wrong with some of their rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.declaration import operations, staff
from lib.runs import Run


class ImportRun(Run):
    """One file on its way in. The file and its rejects lie under IMPORT_DIR and are deleted with the run.

    `rows_read` and `rejects_bytes` are written with each batch: another worker goes on from there.
    """

    ALONE = True
    """An import holds half a gigabyte and one of the two workers, which the mails need too."""

    class Subject(models.TextChoices):
        """What the rows are."""

        CUSTOMERS = "customers", _("Customers")
        PRODUCTS = "products", _("Products")
        INTERACTIONS = "interactions", _("Interactions")
        DATASET = "dataset", _("Data set")

    subject = models.CharField(max_length=12, choices=Subject)
    filename = models.CharField(max_length=200)
    path = models.CharField(max_length=500, blank=True)
    mapping = models.JSONField(default=dict, blank=True)
    """File header → our column; empty when the headers are ours already."""
    source = models.CharField(max_length=40, default="import")
    rows_read = models.BigIntegerField(default=0)
    rows_added = models.BigIntegerField(default=0)
    rows_known = models.BigIntegerField(default=0)
    rows_rejected = models.BigIntegerField(default=0)
    rejects_path = models.CharField(max_length=500, blank=True)
    rejects_bytes = models.BigIntegerField(default=0)
    """Size of the file of rejected rows at the last batch; what lies behind belongs to a batch that did not go in."""
    reasons = models.JSONField(default=dict, blank=True)
    """Reason → number of rows."""
    created_by = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="imports")

    class Meta:
        ordering = ["-id"]

    class Privacy(Run.Privacy):
        """The run's own record; the rejected rows themselves are in a file that expires."""

        id = subject = filename = path = mapping = source = rejects_path = reasons = operations()
        rows_read = rows_added = rows_known = rows_rejected = rejects_bytes = operations()
        created_by = staff()
