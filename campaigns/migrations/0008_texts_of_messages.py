"""Deliveries name the words they carry, and every text gets its digest; then rows of matrices are not needed below."""

import hashlib
import json

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

WORDED = """
UPDATE campaigns_delivery d SET text_id = t.id
FROM campaigns_campaigncell c, campaigns_compiledtext t
WHERE c.id = d.cell_id AND t.message_id = d.message_id AND t.template_id = c.template_id AND t.language = d.language
"""


def digest(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Write down what every text is worth, as campaigns.messages.freeze does for new ones."""
    model = apps.get_model("campaigns", "CompiledText")
    for row in model.objects.iterator(chunk_size=100):
        parts = (row.subject, row.html, row.text, list(row.links), sorted(row.uses))
        row.digest = hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
        row.save(update_fields=["digest"])


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0007_messages")]

    operations = [
        migrations.RunSQL(WORDED, migrations.RunSQL.noop),
        migrations.RunPython(digest, migrations.RunPython.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveField(model_name="delivery", name="cell"),
        migrations.AddConstraint(
            model_name="compiledtext",
            constraint=models.UniqueConstraint(
                fields=("message", "template", "language", "digest"), name="text_once_a_message"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("message", "customer", "occasion"), name="delivery_once"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                models.F("message"),
                models.F("not_before"),
                models.F("id"),
                condition=models.Q(("waiting", True)),
                name="delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                models.F("message"), models.F("id"), condition=models.Q(("taken", True)), name="delivery_taken"
            ),
        ),
    ]
