"""Words about consent dated ahead of the clock, against which no withdrawal held, are taken as said when heard."""

from django.db import migrations

# The date the sender wrote stays readable among what proves the word.
REPAIR = """
ALTER TABLE crm_consentevent DISABLE TRIGGER append_only;
UPDATE crm_consentevent
SET occurred_at = recorded_at, proof = proof || jsonb_build_object('dated', occurred_at)
WHERE occurred_at > recorded_at;
ALTER TABLE crm_consentevent ENABLE TRIGGER append_only;
"""
# The rule of crm.consents.standing as it was when this was written, over everybody. Nobody erased gets anything back.
RECOMPUTE = """
UPDATE crm_customer c
SET permission = CASE c.state WHEN 'erased' THEN c.permission & holds.permission ELSE holds.permission END
FROM (
    SELECT customer_id, 1 | coalesce(bit_or(purpose) FILTER (
        WHERE granted AND (no_id IS NULL OR (id > no_id AND occurred_at > no_at))
    ), 0) AS permission
    FROM (
        SELECT id, customer_id, purpose, granted, occurred_at,
            max(id) FILTER (WHERE NOT granted) OVER word AS no_id,
            max(recorded_at) FILTER (WHERE NOT granted) OVER word AS no_at
        FROM crm_consentevent WINDOW word AS (PARTITION BY customer_id, purpose)
    ) heard
    GROUP BY customer_id
) holds
WHERE c.id = holds.customer_id
    AND c.permission <> CASE c.state WHEN 'erased' THEN c.permission & holds.permission ELSE holds.permission END;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_identity_suppressed")]

    operations = [migrations.RunSQL(REPAIR + RECOMPUTE, migrations.RunSQL.noop)]
