from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("crm", "0009_own_number")]

    operations = [
        # An index over an expression has no statistics until the table is analysed; without them a search that finds
        # nobody walked all customers by their ids instead.
        migrations.RunSQL("ANALYZE crm_customer", migrations.RunSQL.noop, elidable=True),
    ]
