"""The table of interactions, partitioned by month; Django's state of it, and the SQL that makes it."""

import django.db.models.deletion
from django.db import migrations, models

TABLE = """
CREATE SEQUENCE crm_interaction_id_seq AS bigint CACHE 100;
CREATE TABLE crm_interaction (
    id bigint NOT NULL DEFAULT nextval('crm_interaction_id_seq'),
    customer_id bigint NOT NULL REFERENCES crm_customer (id) ON DELETE CASCADE,
    kind varchar(24) NOT NULL,
    product_id bigint REFERENCES crm_product (id) ON DELETE SET NULL,
    value numeric(14, 2),
    quantity numeric(12, 3),
    currency varchar(3) NOT NULL DEFAULT '',
    order_id varchar(120) NOT NULL DEFAULT '',
    channel varchar(40) NOT NULL DEFAULT '',
    campaign_ref bigint,
    delivery_ref bigint,
    properties jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    source varchar(40) NOT NULL,
    message_id varchar(120) NOT NULL,
    PRIMARY KEY (id, occurred_at),
    CONSTRAINT interaction_once UNIQUE (source, message_id, occurred_at)
) PARTITION BY RANGE (occurred_at);
ALTER SEQUENCE crm_interaction_id_seq OWNED BY crm_interaction.id;
CREATE INDEX interaction_by_customer ON crm_interaction (customer_id, occurred_at DESC);
CREATE INDEX interaction_by_product ON crm_interaction (product_id, occurred_at DESC);
CREATE INDEX interaction_by_campaign ON crm_interaction (campaign_ref, kind) WHERE campaign_ref IS NOT NULL;
"""


class Migration(migrations.Migration):
    """Partitions themselves are made by crm.interactions.partitions, before the first row of a month."""

    dependencies = [("crm", "0001_facts")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLE, "DROP TABLE crm_interaction")],
            state_operations=[
                migrations.CreateModel(
                    name="Interaction",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "id", "occurred_at", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "id",
                            models.BigIntegerField(
                                db_default=models.Func(models.Value("crm_interaction_id_seq"), function="nextval")
                            ),
                        ),
                        ("kind", models.CharField(max_length=24)),
                        ("value", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                        ("quantity", models.DecimalField(decimal_places=3, max_digits=12, null=True)),
                        ("currency", models.CharField(blank=True, max_length=3)),
                        ("order_id", models.CharField(blank=True, max_length=120)),
                        ("channel", models.CharField(blank=True, max_length=40)),
                        ("campaign_ref", models.BigIntegerField(null=True)),
                        ("delivery_ref", models.BigIntegerField(null=True)),
                        ("properties", models.JSONField(default=dict)),
                        ("occurred_at", models.DateTimeField()),
                        ("received_at", models.DateTimeField(auto_now_add=True)),
                        ("source", models.CharField(max_length=40)),
                        ("message_id", models.CharField(max_length=120)),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="interactions",
                                to="crm.customer",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="interactions",
                                to="crm.product",
                            ),
                        ),
                    ],
                ),
                migrations.AddIndex(
                    "interaction",
                    models.Index(
                        models.F("customer"),
                        models.OrderBy(models.F("occurred_at"), descending=True),
                        name="interaction_by_customer",
                    ),
                ),
                migrations.AddIndex(
                    "interaction",
                    models.Index(
                        models.F("product"),
                        models.OrderBy(models.F("occurred_at"), descending=True),
                        name="interaction_by_product",
                    ),
                ),
                migrations.AddIndex(
                    "interaction",
                    models.Index(
                        models.F("campaign_ref"),
                        models.F("kind"),
                        condition=models.Q(("campaign_ref__isnull", False)),
                        name="interaction_by_campaign",
                    ),
                ),
                migrations.AddConstraint(
                    "interaction",
                    models.UniqueConstraint(fields=("source", "message_id", "occurred_at"), name="interaction_once"),
                ),
            ],
        ),
    ]
