"""The ledger hangs on messages: every campaign that began gets one, by the campaign's own number."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

# A message has its campaign's number, so that no delivery, text, link or fact has to be written anew.
MADE = """
INSERT INTO campaigns_message (
    id, channel, lane, purpose, priority, state, sender_name, sender_address, products, valid_for, created_at
)
SELECT c.id, 'email', 'marketing', 32, 5,
       CASE WHEN c.state IN ('sending', 'paused', 'sent', 'cancelled') THEN c.state ELSE 'preparing' END,
       c.sender_name, c.sender_address, c.recommended, interval '24 hours', c.created_at
FROM campaigns_campaign c
WHERE c.state NOT IN ('draft', 'scheduled')
    OR EXISTS (SELECT 1 FROM campaigns_delivery d WHERE d.campaign_id = c.id)
    OR EXISTS (SELECT 1 FROM campaigns_compiledtext t WHERE t.campaign_id = c.id)
    OR EXISTS (SELECT 1 FROM campaigns_trackedlink l WHERE l.campaign_id = c.id)
"""
NUMBERED = """
SELECT setval(pg_get_serial_sequence('campaigns_message', 'id'), (SELECT max(id) FROM campaigns_campaign))
WHERE EXISTS (SELECT 1 FROM campaigns_campaign)
"""
OWNED = "UPDATE campaigns_campaign c SET message_id = c.id FROM campaigns_message m WHERE m.id = c.id"


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0006_lanes")]

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(default="email", max_length=10)),
                (
                    "lane",
                    models.CharField(
                        choices=[("transactional", "Transactional"), ("marketing", "Marketing")],
                        default="marketing",
                        max_length=13,
                    ),
                ),
                ("purpose", models.SmallIntegerField(default=32)),
                ("priority", models.SmallIntegerField(default=5)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("preparing", "Being prepared"),
                            ("sending", "Sending"),
                            ("paused", "Paused"),
                            ("sent", "Sent"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="preparing",
                        max_length=9,
                    ),
                ),
                ("sender_name", models.CharField(blank=True, max_length=80)),
                ("sender_address", models.EmailField(blank=True, max_length=254)),
                ("products", models.SmallIntegerField(default=4)),
                ("window_from", models.TimeField(blank=True, null=True)),
                ("window_until", models.TimeField(blank=True, null=True)),
                ("valid_for", models.DurationField(default=datetime.timedelta(days=1))),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("lane"),
                        models.F("priority"),
                        models.F("id"),
                        condition=models.Q(("state", "sending")),
                        name="message_sending",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("window_from__isnull", True), ("window_until__isnull", True)),
                            models.Q(("window_from__isnull", False), ("window_until__isnull", False)),
                            _connector="OR",
                        ),
                        name="message_window_has_both_ends",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="campaign",
            name="message",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="campaign",
                to="campaigns.message",
            ),
        ),
        migrations.RunSQL(MADE, migrations.RunSQL.noop),
        migrations.RunSQL(NUMBERED, migrations.RunSQL.noop),
        migrations.RunSQL(OWNED, migrations.RunSQL.noop),
        # What waits to be checked would keep the tables from being changed.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="campaigncell", name="cell_once_a_segment"),
        migrations.RemoveConstraint(model_name="compiledtext", name="compiled_once_a_campaign"),
        migrations.RenameField(model_name="compiledtext", old_name="campaign", new_name="message"),
        migrations.AlterField(
            model_name="compiledtext",
            name="message",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="texts", to="campaigns.message"
            ),
        ),
        migrations.RemoveConstraint(model_name="trackedlink", name="link_once_a_campaign"),
        migrations.RenameField(model_name="trackedlink", old_name="campaign", new_name="message"),
        migrations.AlterField(
            model_name="trackedlink",
            name="message",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="links", to="campaigns.message"
            ),
        ),
        migrations.AddConstraint(
            model_name="trackedlink",
            constraint=models.UniqueConstraint(fields=("message", "url"), name="link_once_a_message"),
        ),
        migrations.RemoveIndex(model_name="delivery", name="delivery_due"),
        migrations.RemoveIndex(model_name="delivery", name="delivery_taken"),
        migrations.RemoveConstraint(model_name="delivery", name="delivery_once"),
        migrations.RenameField(model_name="delivery", old_name="campaign", new_name="message"),
        migrations.AlterField(
            model_name="delivery",
            name="message",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="campaigns.message",
            ),
        ),
        migrations.RemoveField(model_name="delivery", name="step"),
        migrations.AddField(model_name="delivery", name="occasion", field=models.BigIntegerField(default=0)),
        *(
            migrations.AlterField(
                model_name="delivery",
                name=name,
                field=models.ForeignKey(
                    db_constraint=False,
                    db_index=False,
                    null=null,
                    on_delete=on_delete,
                    related_name="deliveries",
                    to=to,
                ),
            )
            for name, to, null, on_delete in (
                ("customer", "crm.customer", False, django.db.models.deletion.CASCADE),
                ("segment", "segmentation.segment", True, django.db.models.deletion.SET_NULL),
                ("offer", "campaigns.offer", True, django.db.models.deletion.SET_NULL),
            )
        ),
        migrations.AddField(
            model_name="delivery",
            name="text",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="deliveries",
                to="campaigns.compiledtext",
            ),
        ),
        migrations.AddField(
            model_name="compiledtext",
            name="digest",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
    ]
