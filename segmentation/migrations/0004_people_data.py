"""Say of the memberships there are what they rest on, and write down how large segments were."""

from django.db import migrations

# Until now nobody without a portrait was in a rule segment. The next refresh says more exactly who would be without.
RESTS_ON_PROFILING = """
UPDATE segmentation_membership m SET profiled = true FROM segmentation_segment s
WHERE s.id = m.segment_id AND s.kind IN ('rule', 'cluster') AND m.until IS NULL
"""
SIZES = """
INSERT INTO segmentation_segmentsize (segment_id, day, size)
SELECT m.segment_id, day::date, count(*)
FROM generate_series((now() AT TIME ZONE 'UTC')::date - 84, (now() AT TIME ZONE 'UTC')::date, interval '4 days') AS day
JOIN segmentation_membership m
    ON m.since < (day + interval '1 day') AT TIME ZONE 'UTC'
    AND (m.until IS NULL OR m.until >= (day + interval '1 day') AT TIME ZONE 'UTC')
GROUP BY 1, 2
"""


class Migration(migrations.Migration):
    dependencies = [("segmentation", "0003_people")]

    operations = [
        migrations.RunSQL(RESTS_ON_PROFILING, migrations.RunSQL.noop),
        migrations.RunSQL(SIZES, migrations.RunSQL.noop),
    ]
