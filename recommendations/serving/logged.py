"""What was shown and what came of it, read back for estimates: only lists in whose order the lot had a say."""

import numpy as np
from django.db import connection

from recommendations.evaluation.offpolicy import ShownPlaces

DAYS_BACK = 90
DAYS_AFTER = 7
"""What a person clicks, puts in the basket or orders within so many days of seeing it was taken."""
MOST_LISTS = 20_000
"""The newest lists that are read."""
TAKEN = ("click", "cart", "order")


def places() -> tuple[ShownPlaces, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Return the places of the newest lists drawn by lot, and how many products their draws reached; (places,) each.

    Lists whose every propensity is 1 tell nothing of another order and are left out; so are those of the last
    DAYS_AFTER days, whose readers have not had their time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH lists AS (
                SELECT id, customer_id, product_ids, ranks, propensities, shown_at FROM recommendations_shown
                WHERE shown_at BETWEEN now() - make_interval(days => %s) AND now() - make_interval(days => %s)
                    AND 1 <> ANY (propensities)
                ORDER BY shown_at DESC LIMIT %s)
            SELECT l.customer_id, p.place, p.rank, p.propensity, cardinality(l.product_ids), EXISTS (
                SELECT FROM crm_interaction i
                WHERE i.customer_id = l.customer_id AND i.product_id = p.product AND i.kind = ANY (%s)
                    AND i.occurred_at BETWEEN l.shown_at AND l.shown_at + make_interval(days => %s))
            FROM lists l, unnest(l.product_ids, l.ranks, l.propensities)
                WITH ORDINALITY AS p (product, rank, propensity, place)
            """,
            [DAYS_BACK, DAYS_AFTER, MOST_LISTS, list(TAKEN), DAYS_AFTER],
        )
        rows = cursor.fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    people, place, rank, lengths = (np.array(columns[at], np.int64) for at in (0, 1, 2, 4))
    log = ShownPlaces(people, place, rank, np.array(columns[3], np.float64), np.array(columns[5], bool))
    return log, lengths
