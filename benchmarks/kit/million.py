"""A shop of a million people, written by the database itself in minutes: shapes and counts as `manage.py demo --scale`.

`manage.py demo --scale` brings the same shop in through the doors, which takes hours; pages only need rows where they
would look for them. Nothing here is sealed: the blobs are empty, the blind indexes are hashes of the id.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from campaigns.messages.models import CompiledText, Message
from campaigns.models import Campaign, CampaignCell, EmailTemplate, EmailText, Offer
from campaigns.sending.states import by_name
from crm.consents.purposes import Purpose
from crm.interactions import partitions
from crm.models import User
from recommendations.models import ModelVersion
from segmentation.models import Segment
from segmentation.portraits.features import FEATURES, Type

DAYS = 540
SMALL_CAMPAIGNS = 30
SMALL = 3_000
MJML = """<mjml><mj-body><mj-section><mj-column><mj-text>News</mj-text>
<mj-text>{{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""
EVERYTHING = int(Purpose.EMAIL_MARKETING | Purpose.PROFILING | Purpose.RECOMMENDATION | Purpose.CLICK_TRACKING)
MAIL_ONLY = int(Purpose.EMAIL_MARKETING)
LEARNING_ONLY = int(Purpose.PROFILING | Purpose.RECOMMENDATION)


@dataclass(frozen=True)
class Size:
    """How much of each."""

    people: int = 1_000_000
    products: int = 50_000
    acts: int = 5_000_000


PRODUCTS = """
INSERT INTO crm_product (sku, kind, name, description, translations, category, department, brand, tags, price, currency,
    stock, url, image_url, recommendable, repeatable, attributes, created_at, updated_at)
SELECT 'D' || lpad(g::text, 5, '0'), 'product', 'Thing no. ' || g, 'A thing that many like.', '{{}}',
    'Department ' || g %% 8 || ' > Shelf ' || g %% 60, 'Department ' || g %% 8, 'Brand ' || g %% 5, '{{}}',
    g %% 90 + 1, 'EUR', CASE WHEN g %% 97 = 0 THEN 0 ELSE 40 END, '', '', true, g %% 3 = 0, '{{}}', now(), now()
FROM generate_series(1, {products}) g
"""
CUSTOMERS = """
INSERT INTO crm_customer (uuid, external_id, permission, state, canary, language, timezone, country, region, age_band,
    gender, attributes, source, first_seen, last_seen, created_at)
SELECT gen_random_uuid(), 'demo-' || g,
    CASE WHEN g %% 100 < 58 THEN {everything} WHEN g %% 100 < 78 THEN {learning} WHEN g %% 100 < 93 THEN {mail}
        ELSE 0 END,
    CASE WHEN g %% 1000 = 999 THEN 'restricted' ELSE 'active' END, false,
    (ARRAY['en', 'de', 'zh-hans'])[1 + g %% 3], 'UTC', (ARRAY['DE', 'GB', 'SG', 'US', 'CN'])[1 + g %% 5], '',
    '25-34', '', '{{}}', 'demo', now() - interval '500 days', now() - random() * interval '300 days',
    now() - interval '500 days'
FROM generate_series(1, {people}) g
"""
IDENTITIES = """
INSERT INTO crm_identity (customer_id, email_index, index_version, schema_version, suppressed, updated_at)
SELECT id, decode(md5(id::text), 'hex'), 1, 1, CASE WHEN id %% 200 = 0 THEN 'unsubscribed' ELSE '' END, now()
FROM crm_customer
"""
CONSENTS = """
INSERT INTO crm_consentevent (customer_id, purpose, granted, basis, source, text_version, proof, occurred_at,
    recorded_at)
SELECT id, bit, true, 'consent', 'import', '', '{{}}', now() - interval '400 days', now() - interval '400 days'
FROM crm_customer, unnest(ARRAY[{bits}]) bit WHERE permission & bit = bit
"""
SUPPRESSIONS = """
INSERT INTO crm_suppression (address_mac, reason, created_at)
SELECT decode(md5('s' || g), 'hex'), (ARRAY['unsubscribed', 'bounced'])[1 + g %% 2], now()
FROM generate_series(1, {people} / 20) g
"""
ACTS_OF_A_MONTH = """
INSERT INTO crm_interaction (customer_id, kind, product_id, value, quantity, currency, order_id, channel, properties,
    occurred_at, received_at, source, message_id)
SELECT 1 + floor(power(random(), 1.3) * {people})::bigint, k.kind, 1 + floor(power(random(), 2) * {products})::bigint,
    CASE WHEN k.kind = 'order' THEN 5 + (random() * 80)::numeric(14, 2) END, CASE WHEN k.kind = 'order' THEN 1 END,
    CASE WHEN k.kind = 'order' THEN 'EUR' ELSE '' END, CASE WHEN k.kind = 'order' THEN 'o-' || g / 2 ELSE '' END, 'web',
    '{{}}', %(first)s + random() * (%(last)s::timestamptz - %(first)s::timestamptz), now(), 'demo', %(month)s || g
FROM generate_series(1, %(acts)s) g, LATERAL (
    SELECT CASE WHEN g %% 10 < 4 THEN 'order' WHEN g %% 10 < 8 THEN 'view' ELSE 'cart' END AS kind
) k
"""
STANDINGS = """
INSERT INTO segmentation_standing (customer_id, orders, revenue, first_order_at, last_order_at, mails, opens, clicks)
SELECT id, id %% 7, (id %% 7) * 40, now() - interval '400 days', now() - interval '20 days', 2, 1, 0
FROM crm_customer WHERE id %% 7 > 0
"""
LISTS = """
INSERT INTO recommendations_recommendation (customer_id, product_ids, scores, reasons, personal, version_id, made_at)
SELECT c.id, p.ids, p.scores, p.reasons, c.id %% 3 > 0, {version}, now() FROM crm_customer c
JOIN (
    SELECT n, array_agg(1 + floor(random() * {products})::bigint) AS ids,
        array_agg(round(random()::numeric, 4)::float) AS scores,
        jsonb_agg(jsonb_build_object('code', 'popular')) AS reasons
    FROM generate_series(0, 999) n, generate_series(1, 20) GROUP BY n
) p ON p.n = c.id %% 1000
WHERE c.permission & {learning} = {learning}
"""
MEMBERS = """
INSERT INTO segmentation_membership (segment_id, customer_id, since, until, profiled)
SELECT %s, id, now() - interval '60 days', NULL, %s FROM crm_customer WHERE {which} ORDER BY id
"""
PAST_MEMBERS = """
INSERT INTO segmentation_membership (segment_id, customer_id, since, until, profiled)
SELECT %s, id, now() - interval '60 days', now() - interval '9 days', false FROM crm_customer WHERE id %% 2 = 0
"""
SIZES = """
INSERT INTO segmentation_segmentsize (segment_id, day, size)
SELECT s.id, current_date - d, s.size - d * 10 FROM segmentation_segment s, generate_series(0, 90) d
"""
DELIVERIES = """
INSERT INTO campaigns_delivery (message_id, customer_id, occasion, text_id, segment_id, offer_id, key, state, reason,
    language, recommended, attempts, not_before, expires_at, reply, sent_at, opened_at, clicked_at, unsubscribed_at,
    created_at)
SELECT %(message)s, m.customer_id, 0, %(text)s, m.segment_id, %(offer)s, gen_random_uuid(),
    CASE WHEN went THEN {SENT} ELSE {SUPPRESSED} END, CASE WHEN went THEN '' ELSE 'no_consent' END, 'en', '[]', 1,
    %(at)s, %(at)s + interval '3 days', '', CASE WHEN went THEN %(at)s + random() * interval '2 hours' END,
    CASE WHEN went AND m.customer_id %% 3 = 0 THEN %(at)s + interval '2 hours' + random() * interval '3 days' END,
    CASE WHEN went AND m.customer_id %% 15 = 0 THEN %(at)s + interval '2 hours' + random() * interval '3 days' END,
    CASE WHEN went AND m.customer_id %% 400 = 1 THEN %(at)s + interval '1 day' END, %(at)s
FROM segmentation_membership m, LATERAL (SELECT m.customer_id %% 20 > 0 AS went) w
WHERE m.segment_id = %(segment)s AND m.until IS NULL ORDER BY m.customer_id LIMIT %(limit)s
"""
AUDIT = """
INSERT INTO crm_act (at, user_id, program, verb, kind, object_id, label, details)
SELECT now() - g * interval '1 minute', {user}, '', 'changed', 'segmentation.segment', 1 + g %% 10, 'Segment', '{{}}'
FROM generate_series(1, {acts}) g
"""


def build(size: Size) -> None:
    """Write the shop; prints how long each part took."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET session_replication_role = replica")  # No look-up of each foreign key
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for name, statement, values in _statements(size):
            started = time.perf_counter()
            cursor.execute(statement, values)
            print(f"  {name}: {cursor.rowcount:,} rows in {time.perf_counter() - started:.0f} s", flush=True)
        cursor.execute("SET session_replication_role = DEFAULT")
        started = time.perf_counter()
        cursor.execute("VACUUM ANALYZE")
        print(f"  analysed in {time.perf_counter() - started:.0f} s", flush=True)


def _statements(size: Size) -> Iterator[tuple[str, str, dict[str, Any] | list[Any] | None]]:
    holes = {
        "people": size.people,
        "products": size.products,
        "everything": EVERYTHING,
        "learning": LEARNING_ONLY,
        "mail": MAIL_ONLY,
        "bits": ", ".join(str(int(bit)) for bit in (Purpose.EMAIL_MARKETING, Purpose.PROFILING)),
    }
    user = User.objects.create_user("bench", role=User.Role.ADMIN)
    for name in ("PRODUCTS", "CUSTOMERS", "IDENTITIES", "CONSENTS", "SUPPRESSIONS"):
        yield name.lower(), globals()[name].format(**holes), []
    yield from _acts(size, holes)
    yield "standings", STANDINGS, []
    yield "portraits", _portraits(), []
    version = ModelVersion.objects.create(state="done", verdict="live")
    yield "lists", LISTS.format(**holes, version=version.pk), []
    yield from _segments(size.people)
    yield from _campaigns(size.people)
    yield "audit", AUDIT.format(user=user.pk, acts=200_000), []


def _acts(size: Size, holes: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    now = timezone.now()
    month = partitions.month_of((now - timedelta(days=DAYS)).date())
    months: list[date] = []
    while month <= now.date():
        months.append(month)
        month = partitions.next_month(month)
    partitions.ensure([*months, partitions.next_month(months[-1])])
    statement = ACTS_OF_A_MONTH.format(**holes)
    for first in months:
        last = min(partitions.next_month(first), (now - timedelta(minutes=5)).date())
        share = max(1, (last - first).days) / DAYS
        asked = {"first": first, "last": last, "month": f"{first:%Y%m}-", "acts": int(size.acts * share)}
        yield f"acts of {first:%Y-%m}", statement, asked


def _portraits() -> str:
    random = {
        Type.COUNT: "(random() * 20)::int",
        Type.MONEY: "(random() * 900)::numeric(14, 2)",
        Type.MOMENT: "now() - random() * interval '400 days'",
        Type.WORD: "'Department ' || (id % 8)",
        Type.VECTOR: '\'{"Department 1": 0.4, "Department 2": 0.6}\'',
    }
    # Pages read these as days and hours: other numbers are none.
    clock = {"weekday": "1 + floor(random() * 7)::int", "hour": "floor(random() * 24)::int"}
    columns = [feature.name for feature in FEATURES]
    values = [clock.get(feature.unit) or random.get(feature.type, "random()") for feature in FEATURES]
    scores = ["recency_score", "frequency_score", "monetary_score"]
    return (
        f"INSERT INTO segmentation_portrait (customer_id, as_of, {', '.join([*scores, *columns])}) "
        f"SELECT id, now(), {', '.join(['1 + floor(random() * 5)'] * 3 + values)} FROM crm_customer "
        f"WHERE permission & {int(Purpose.PROFILING)} > 0"
    ).replace("%", "%%")


def _segments(people: int) -> Iterator[tuple[str, str, list[Any]]]:
    profiled = f"permission & {int(Purpose.PROFILING)} > 0"
    made = [
        ("Loyal", Segment.Kind.RULE, {"all": [{"field": "order_count", "op": "at_least", "value": 2}]}, "id %% 7 > 1"),
        ("German", Segment.Kind.RULE, {"all": [{"field": "language", "op": "is", "value": "de"}]}, "id %% 3 = 0"),
        ("Everybody", Segment.Kind.FIXED, {}, "true"),
        *((f"Cluster {n}", Segment.Kind.CLUSTER, {}, f"{profiled} AND id %% 8 = {n}") for n in range(8)),
    ]
    now = timezone.now()
    for name, kind, rule, which in made:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM crm_customer WHERE {which.replace('%%', '%')}")
            size = cursor.fetchone()[0]
        segment = Segment.objects.create(
            name=name, kind=kind, rule=rule, size=size, reachable=int(size * 0.73), refreshed_at=now
        )
        if kind == Segment.Kind.RULE:
            yield f"past members of {name}", PAST_MEMBERS, [segment.pk]
        yield f"members of {name}", MEMBERS.format(which=which), [segment.pk, kind == Segment.Kind.CLUSTER]
    yield "sizes", SIZES, []


def _campaigns(people: int) -> Iterator[tuple[str, str, Any]]:
    mail = EmailTemplate.objects.create(name="News")
    EmailText.objects.create(template=mail, language="en", subject="News", mjml=MJML)
    offer = Offer.objects.create(name="Ten off", kind="percent", value=10, code="TEN")
    segments = {one.name: one for one in Segment.objects.all()}
    now = timezone.now()
    made = [(f"News {n}", "German", SMALL, now - timedelta(days=200 - 5 * n)) for n in range(SMALL_CAMPAIGNS)]
    made.append(("Autumn, to 300,000", "German", 300_000, now - timedelta(days=20)))
    made.append(("Winter, to everybody", "Everybody", people, now - timedelta(days=3)))
    for name, segment, size, at in made:
        message = Message.objects.create(state=Message.State.SENT)
        text = CompiledText.objects.create(message=message, template=mail, language="en", subject="News", html="News")
        campaign = Campaign.objects.create(
            name=name, state="sent", message=message, scheduled_at=at, frozen_at=at, people=size, written=size,
            finished_at=at + timedelta(hours=2), sender_address="news@shop.example", sender_name="Shop",
        )  # fmt: skip
        cell = CampaignCell.objects.create(campaign=campaign, segment=segments[segment], template=mail, offer=offer)
        asked = {
            "message": message.pk, "text": text.pk, "segment": cell.segment_id, "offer": offer.pk, "at": at,
            "limit": size,
        }  # fmt: skip
        yield f"deliveries of {name}", by_name(DELIVERIES), asked
    for name, chosen in (("Draft to many", ("Loyal", "German", "Everybody")), ("To be sent", ("Everybody",))):
        draft = Campaign.objects.create(name=name, sender_address="news@shop.example", sender_name="Shop")
        for place, one in enumerate(chosen):
            CampaignCell.objects.create(campaign=draft, segment=segments[one], template=mail, position=place)
