"""Neighbours of products, placements with the usual four, and what was shown: partitioned by month, as acts are."""

from typing import Any

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

TABLE = """
CREATE SEQUENCE recommendations_shown_id_seq AS bigint CACHE 100;
CREATE TABLE recommendations_shown (
    id bigint NOT NULL DEFAULT nextval('recommendations_shown_id_seq'),
    customer_id bigint NOT NULL REFERENCES crm_customer (id) ON DELETE CASCADE,
    placement_id bigint REFERENCES recommendations_placement (id) ON DELETE SET NULL,
    product_ids bigint[] NOT NULL,
    ranks smallint[] NOT NULL,
    propensities double precision[] NOT NULL,
    version_ref bigint,
    shown_at timestamptz NOT NULL,
    PRIMARY KEY (id, shown_at)
) PARTITION BY RANGE (shown_at);
ALTER SEQUENCE recommendations_shown_id_seq OWNED BY recommendations_shown.id;
CREATE INDEX shown_by_customer ON recommendations_shown (customer_id, shown_at DESC);
"""
USUAL = [
    ("home", "Home page", "personal", 10),
    ("product", "Product page", "similar", 8),
    ("basket", "Basket", "together", 6),
    ("email", "E-mail", "personal", 4),
]


def make_the_usual(apps: Any, schema_editor: Any) -> None:
    """The four places nearly every shop has."""
    placements = apps.get_model("recommendations", "Placement")
    placements.objects.bulk_create(
        placements(key=key, name=name, kind=kind, length=length) for key, name, kind, length in USUAL
    )


class Migration(migrations.Migration):
    """Partitions themselves are made before the first row of a month (crm.interactions.partitions)."""

    dependencies = [
        ("crm", "0002_interactions"),
        ("recommendations", "0001_registry"),
    ]

    operations = [
        migrations.AlterField(
            model_name="favourites",
            name="scope",
            field=models.CharField(max_length=100, unique=True),
        ),
        migrations.CreateModel(
            name="Placement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=80)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("personal", "Personal"),
                            ("similar", "Similar to a product"),
                            ("together", "Bought together with a product"),
                            ("trending", "Trending"),
                            ("popular", "Popular"),
                        ],
                        default="personal",
                        max_length=8,
                    ),
                ),
                (
                    "length",
                    models.SmallIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(50),
                        ],
                    ),
                ),
                (
                    "categories_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, default=list, size=None
                    ),
                ),
                (
                    "categories_out",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, default=list, size=None
                    ),
                ),
                ("price_from", models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ("price_to", models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                (
                    "rest_days",
                    models.SmallIntegerField(
                        default=0,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(365),
                        ],
                    ),
                ),
                (
                    "exploration",
                    models.FloatField(
                        default=0.0,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(0.2),
                        ],
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("length__gte", 1), ("length__lte", 50)), name="placement_length"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("exploration__gte", 0), ("exploration__lte", 0.2)),
                        name="placement_exploration",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Neighbours",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("similar", "Similar products"), ("together", "Bought together")], max_length=8
                    ),
                ),
                (
                    "product_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "scores",
                    django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), default=list, size=None),
                ),
                (
                    "support",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), default=list, size=None
                    ),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="neighbours", to="crm.product"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="neighbours",
                        to="recommendations.modelversion",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "neighbours",
                "constraints": [models.UniqueConstraint(fields=("product", "kind"), name="neighbours_once")],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLE, "DROP TABLE recommendations_shown")],
            state_operations=[
                migrations.CreateModel(
                    name="Shown",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "id", "shown_at", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "id",
                            models.BigIntegerField(
                                db_default=models.Func(models.Value("recommendations_shown_id_seq"), function="nextval")
                            ),
                        ),
                        (
                            "product_ids",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                        ),
                        (
                            "ranks",
                            django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None),
                        ),
                        (
                            "propensities",
                            django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None),
                        ),
                        ("version_ref", models.BigIntegerField(null=True)),
                        ("shown_at", models.DateTimeField()),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="shown", to="crm.customer"
                            ),
                        ),
                        (
                            "placement",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="shown",
                                to="recommendations.placement",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "shown",
                        "indexes": [
                            models.Index(
                                models.F("customer"),
                                models.OrderBy(models.F("shown_at"), descending=True),
                                name="shown_by_customer",
                            )
                        ],
                    },
                ),
            ],
        ),
        migrations.RunPython(make_the_usual, migrations.RunPython.noop),
    ]
