"""Each sealed address knows whether it is on the suppression list, so that audiences can be counted."""

from django.db import migrations, models

# Where nothing is listed, nobody is. Elsewhere only opening the addresses can tell; a nightly task does it.
NOBODY = """
UPDATE crm_identity SET suppressed = ''
WHERE email_index IS NOT NULL AND NOT EXISTS (SELECT 1 FROM crm_suppression)
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_news")]

    operations = [
        migrations.AddField(model_name="identity", name="suppressed", field=models.CharField(max_length=14, null=True)),
        migrations.RunSQL(NOBODY, migrations.RunSQL.noop),
    ]
