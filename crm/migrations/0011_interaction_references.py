"""Interactions name their person and product without a check by the database, row by row.

Each check looked up and locked the row that is named, a third of what storing an event cost. Customers and products
are never deleted, and crm.ingest.intake finds both before it stores.
"""

import django.db.models.deletion
from django.db import migrations, models

GO = """
ALTER TABLE crm_interaction DROP CONSTRAINT crm_interaction_customer_id_fkey;
ALTER TABLE crm_interaction DROP CONSTRAINT crm_interaction_product_id_fkey;
"""
COME = """
ALTER TABLE crm_interaction ADD FOREIGN KEY (customer_id) REFERENCES crm_customer (id) ON DELETE CASCADE;
ALTER TABLE crm_interaction ADD FOREIGN KEY (product_id) REFERENCES crm_product (id) ON DELETE SET NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0010_own_number_counted")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(GO, COME)],
            state_operations=[
                migrations.AlterField(
                    "interaction",
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="interactions",
                        to="crm.customer",
                    ),
                ),
                migrations.AlterField(
                    "interaction",
                    "product",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="interactions",
                        to="crm.product",
                    ),
                ),
            ],
        ),
    ]
