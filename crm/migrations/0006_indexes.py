"""Indexes that nothing reads go, and `last_seen` has none: each act of a person would write every index of the row."""

import datetime

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import TruncDate

# Django gives each unique text a second index for searches by its beginning; nobody searches these so.
BEGINNINGS = """
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT indexrelid::regclass AS name FROM pg_index
        JOIN pg_class c ON c.oid = indexrelid
        WHERE indrelid IN ('crm_product'::regclass, 'crm_anonymousid'::regclass) AND c.relname LIKE '%\\_like'
    LOOP
        EXECUTE 'DROP INDEX ' || found.name;
    END LOOP;
END $$;
"""
# Room in each page, so that a row that changes finds its place beside its old version and no index hears of it.
ROOM = "ALTER TABLE crm_customer SET (fillfactor = 85)"


class Migration(migrations.Migration):
    dependencies = [("crm", "0005_words_ahead_of_the_clock")]

    operations = [
        migrations.RunSQL(ROOM, "ALTER TABLE crm_customer RESET (fillfactor)"),
        migrations.RemoveIndex("customer", "customer_by_last_seen"),
        migrations.AddField(
            "customer",
            "seen_on",
            models.GeneratedField(
                db_persist=True,
                expression=TruncDate("last_seen", tzinfo=datetime.UTC),
                output_field=models.DateField(null=True),
            ),
        ),
        migrations.AddIndex(
            "customer",
            models.Index(
                models.OrderBy(models.F("seen_on"), descending=True, nulls_last=True),
                models.OrderBy(models.F("id"), descending=True),
                name="customer_by_day_seen",
            ),
        ),
        migrations.AddIndex("customer", models.Index(fields=["country", "id"], name="customer_by_country")),
        migrations.AddIndex("customer", models.Index(fields=["language", "id"], name="customer_by_language")),
        migrations.AlterField(
            "consentevent",
            "customer",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="consents",
                to="crm.customer",
            ),
        ),
        migrations.RemoveIndex("product", "product_name_search"),
        migrations.RunSQL(BEGINNINGS, migrations.RunSQL.noop),
    ]
