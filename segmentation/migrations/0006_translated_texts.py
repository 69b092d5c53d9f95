"""One column of texts in other languages in the place of one column a language (decision 0015)."""

from django.db import migrations, models

TABLES = ("segmentation_segment", "segmentation_cluster")
THERE = """
UPDATE {table} SET translations = jsonb_build_object('zh-hans', jsonb_build_object('name', name_zh)) WHERE name_zh <> ''
"""
BACK = "UPDATE {table} SET name_zh = left(coalesce(translations -> 'zh-hans' ->> 'name', ''), 120)"


class Migration(migrations.Migration):
    dependencies = [("segmentation", "0005_runs")]

    operations = [
        migrations.RenameField("cluster", "name_en", "name"),
        migrations.AddField("cluster", "translations", models.JSONField(blank=True, default=dict)),
        migrations.AddField("segment", "translations", models.JSONField(blank=True, default=dict)),
        # Backwards the column comes back before it is filled again.
        migrations.AlterField("cluster", "name_zh", models.CharField(blank=True, default="", max_length=120)),
        migrations.AlterField("segment", "name_zh", models.CharField(blank=True, default="", max_length=120)),
        *(migrations.RunSQL(THERE.format(table=table), BACK.format(table=table)) for table in TABLES),
        migrations.RemoveField("cluster", "name_zh"),
        migrations.RemoveField("segment", "name_zh"),
    ]
