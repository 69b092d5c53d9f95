"""All that a live answer may know of one person, in one query; of somebody who does not allow it, nothing is read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from crm.consents.purposes import Purpose
from recommendations.serving.fallback import Found
from recommendations.serving.models import Neighbours
from recommendations.serving.session import MOST_ACTS, WINDOW_HOURS, SessionEvent, Stored

SIMILAR = Neighbours.Kind.SIMILAR.value
KINDS = ("view", "cart", "order", "rating", "email_click", "return")
"""Acts that a session is made of."""

# Everything below the first lines asks `allowed`, inside each part, so that PostgreSQL does not even look where it is
# false. What a model cannot know is what came after its training began; the stored list may be younger than that.
QUERY = """
WITH person AS MATERIALIZED (
    SELECT id, uuid, language, state = 'active' AND permission & %(need)s = %(need)s AS allowed
    FROM crm_customer WHERE uuid = %(uuid)s AND NOT canary
), stored AS MATERIALIZED (
    SELECT r.product_ids, r.reasons, r.personal, r.version_id,
           greatest(coalesce(v.started_at, r.made_at), %(window)s) AS since
    FROM person JOIN recommendations_recommendation r ON r.customer_id = person.id
    LEFT JOIN recommendations_modelversion v ON v.id = r.version_id WHERE person.allowed
), acts AS MATERIALIZED (
    SELECT i.product_id, i.kind, extract(epoch FROM %(now)s - i.occurred_at)::float8 AS age
    FROM person CROSS JOIN LATERAL (
        SELECT product_id, kind, occurred_at FROM crm_interaction
        WHERE customer_id = person.id AND kind = ANY(%(kinds)s) AND product_id IS NOT NULL
          AND occurred_at > %(window)s AND occurred_at > coalesce((SELECT since FROM stored), %(window)s)
        ORDER BY occurred_at DESC LIMIT %(acts)s
    ) i WHERE person.allowed
)
SELECT person.id, person.uuid, person.language, person.allowed,
    stored.product_ids, stored.reasons, stored.personal, stored.version_id,
    (SELECT jsonb_agg(jsonb_build_array(product_id, kind, age) ORDER BY age) FROM acts),
    (SELECT jsonb_agg(jsonb_build_array(n.product_id, n.kind, n.product_ids, n.scores, n.version_id))
     FROM (
         SELECT * FROM recommendations_neighbours
         WHERE kind = 'similar' AND product_id = ANY(ARRAY(SELECT product_id FROM acts))
         UNION ALL
         SELECT * FROM recommendations_neighbours WHERE kind = %(kind)s AND product_id = ANY(%(anchors)s)
     ) n),
    (SELECT array_agg(DISTINCT i.product_id) FROM crm_interaction i
     WHERE person.allowed AND i.customer_id = person.id AND i.kind = 'order' AND i.product_id IS NOT NULL
       AND %(rest)s::timestamptz IS NOT NULL AND i.occurred_at > %(rest)s),
    (SELECT jsonb_build_array(f.scope, f.product_ids, f.version_id)
     FROM segmentation_membership m JOIN segmentation_segment s ON s.id = m.segment_id
     JOIN recommendations_favourites f ON f.scope = 'segment:' || m.segment_id
     WHERE person.allowed AND m.customer_id = person.id AND m.until IS NULL AND s.archived_at IS NULL
     ORDER BY s.size, s.id LIMIT 1),
    (SELECT jsonb_agg(jsonb_build_array(f.scope, f.product_ids, f.version_id))
     FROM recommendations_favourites f WHERE f.scope = ANY(%(scopes)s))
FROM person LEFT JOIN stored ON true
"""


@dataclass(frozen=True)
class Wanted:
    """What to read beside the person: neighbours of products, and favourites."""

    kind: str = SIMILAR
    anchors: Sequence[int] = ()
    """Products whose neighbours of `kind` are wanted."""
    rest_days: int = 0
    scopes: Sequence[str] = ()
    """Scopes of favourites, first choice first."""


@dataclass(frozen=True)
class Shopper:
    """One customer at the moment of asking."""

    id: int
    uuid: UUID
    language: str
    allowed: bool
    """Whether personal recommendations are; all below but `anchored` and `favourites` is empty where not."""
    stored: Stored = field(default_factory=Stored)
    personal: bool = False
    """Whether the stored list rests on a history."""
    version_id: int | None = None
    acts: list[SessionEvent] = field(default_factory=list)
    """Newest first."""
    beside: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    """Similar products of those in `acts`."""
    anchored: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    """Neighbours of the anchors."""
    beside_version_id: int | None = None
    """The version that neighbours come from."""
    resting: frozenset[int] = frozenset()
    """Products bought within the placement's days of rest."""
    segment: Found | None = None
    """Favourites of the smallest segment with some."""
    favourites: list[Found] = field(default_factory=list)
    """In the order of the scopes asked for."""


def read(uuid: UUID | str, wanted: Wanted) -> Shopper | None:
    """Return a customer with all a list is made of, in one query; None for nobody and for planted people."""
    now = timezone.now()
    values = {
        "uuid": uuid,
        "need": int(Purpose.RECOMMENDATION),
        "now": now,
        "window": now - timedelta(hours=WINDOW_HOURS),
        "kinds": list(KINDS),
        "acts": MOST_ACTS,
        "kind": wanted.kind,
        "anchors": list(wanted.anchors),
        "rest": now - timedelta(days=wanted.rest_days) if wanted.rest_days else None,
        "scopes": list(wanted.scopes),
    }
    with connection.cursor() as cursor:
        cursor.execute(QUERY, values)
        row = cursor.fetchone()
    return _person(row, wanted) if row else None


def _person(row: tuple[Any, ...], wanted: Wanted) -> Shopper:
    customer, uuid, language, allowed, products, reasons, personal, version, *more = row
    acts, beside, resting, segment, scopes = more
    did = [SessionEvent(*act) for act in _parsed(acts)]
    touched, anchors = {act.product_id for act in did}, set(wanted.anchors)
    near = [(pk, kind, list(zip(ids, scores, strict=True)), by) for pk, kind, ids, scores, by in _parsed(beside)]
    favourites = {scope: Found(scope, ids, by) for scope, ids, by in _parsed(scopes)}
    return Shopper(
        id=customer,
        uuid=uuid,
        language=language,
        allowed=allowed,
        stored=Stored(products or [], _parsed(reasons)),
        personal=bool(personal),
        version_id=version,
        acts=did,
        beside={near_to: pairs for near_to, kind, pairs, _ in near if kind == SIMILAR and near_to in touched},
        anchored={near_to: pairs for near_to, kind, pairs, _ in near if kind == wanted.kind and near_to in anchors},
        beside_version_id=near[0][3] if near else None,
        resting=frozenset(resting or ()),
        segment=Found(*_parsed(segment)) if segment else None,
        favourites=[favourites[scope] for scope in wanted.scopes if scope in favourites],
    )


def _parsed(text: str | None) -> list[Any]:
    # Django leaves jsonb to its JSONField, so that a cursor of ours gets text.
    return list(json.loads(text)) if text else []
