"""What is new, who reads it, and which signals are wanted."""

import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models

# Every row is written and deleted within seconds: dead rows at the head of the queue make each take read past them.
STORAGE = """
ALTER TABLE crm_news SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0002_interactions"),
    ]

    operations = [
        migrations.CreateModel(
            name="NewsReader",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                (
                    "stream",
                    models.CharField(
                        choices=[("signals", "Signals"), ("people", "People"), ("facts", "Facts")], max_length=10
                    ),
                ),
                ("since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("lapsed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="SignalWanted",
            fields=[
                ("kind", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="News",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reader", models.CharField(max_length=40)),
                ("topic", models.CharField(max_length=40)),
                (
                    "refs",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("signals", models.JSONField(null=True)),
                ("size", models.IntegerField()),
                ("written_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name_plural": "news",
                "indexes": [models.Index(models.F("reader"), models.F("id"), name="news_by_reader")],
            },
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
