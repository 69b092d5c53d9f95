"""The one statement that paints: composed from the registry, run by the engine over a release's Parquet files."""

from itertools import pairwise

from lib.interest import weight
from segmentation.portraits.features import FEATURES, Feature, Type

INTEREST: dict[str, float] = {kind: weight(kind) for kind in ("order", "rating", "cart", "email_click", "view")}
"""How much one act says about interest in a department. A rating counts as having had the thing."""
AFFINITY_DIGITS = 4
SCORES = ("recency_score", "frequency_score", "monetary_score")
COLUMNS = ("person", *SCORES, *(feature.name for feature in FEATURES))

NO_INTERACTIONS = """
create table interactions (person varchar, kind varchar, product_id bigint, value double, quantity double,
    channel varchar, delivery_ref varchar, order_ref varchar, occurred_at timestamp)
"""
GOODS = """
create table goods as
select product_id, department, brand, price,
    case when price is not null then percent_rank() over (partition by department, price is null order by price) end
        as price_rank
from products
"""
# Time zones are checked once each, not once a row: an unknown name would stop the whole statement.
FOLK = """
create table folk as
select person, row_number() over ()::integer as number,
    case when timezone in (select name from pg_timezone_names()) then timezone else $zone end as zone
from people
"""
# One slice of the people at a time: grouping everybody at once would spill many times the size of the release to disk.
# Interactions are sorted by person, so a slice reads only its own row groups. Numbers and hashes stand in for long
# strings wherever only equality matters.
ACTS = """
acts as (
    select folk.number, acted.kind, acted.product_id, goods.department, goods.brand, goods.price, goods.price_rank,
        acted.value, acted.quantity, acted.channel, nullif(acted.delivery_ref, '') as delivery_ref, acted.occurred_at,
        acted.kind = 'order' as is_order,
        -- An order line without an order id is an order of its own moment.
        hash(coalesce(nullif(acted.order_ref, ''), acted.occurred_at::varchar)) as order_ref,
        case when acted.kind = 'order' then timezone(folk.zone, timezone('UTC', acted.occurred_at)) end as local_at,
        $cut::timestamp as cut
    from (select * from folk where person >= $first and person < $end) as folk
    left join (
        select * from interactions where person >= $first and person < $end and occurred_at <= $cut::timestamp
    ) as acted on folk.person = acted.person
    left join goods on goods.product_id = acted.product_id
)
"""
PEOPLE_A_SLICE = 70_000


def preparation() -> list[tuple[str, tuple[str, ...]]]:
    """Return the statements to run first, each with the names of the parameters it takes.

    They expect the views `interactions`, `people`, `products`. `zone` is the time zone of people without one.
    """
    return [(GOODS, ()), (FOLK, ("zone",))]


def slices(people: int) -> list[tuple[str, str]]:
    """Return (first, end) pseudonym prefixes that cut the people into parts of about PEOPLE_A_SLICE; end is excluded.

    Pseudonyms are hexadecimal digits of a keyed hash, so equal ranges hold about equally many people.
    """
    digits = 0
    while people > PEOPLE_A_SLICE * 16**digits:
        digits += 1
    edges = ["", *(f"{number:0{digits}x}" for number in range(1, 16**digits)), "g"]
    return list(pairwise(edges))


def drawing() -> str:
    """Return the statement that draws one slice: everything but the scores, one row for each person.

    Parameters: `cut` (a naive time in UTC), `first` and `end` (see `slices`).
    """
    plain = ",\n        ".join(f"{feature.sql} as {feature.name}" for feature in FEATURES if not _is_vector(feature))
    shown = ",\n    ".join(_shown(feature) for feature in FEATURES)
    weights = " ".join(f"when '{kind}' then {weight}" for kind, weight in INTEREST.items())
    return f"""
with {ACTS}, drawn as (
    select number,
        {plain}
    from acts group by number
), liked as (
    select number, department, sum(case kind {weights} else 0 end) as weight
    from acts where coalesce(department, '') <> '' group by number, department
), interests as (
    select number,
        map(list(department order by weight desc, department),
            list(round(weight / total, {AFFINITY_DIGITS}) order by weight desc, department))::json::varchar as affinity
    from (select *, sum(weight) over (partition by number) as total from liked where weight > 0) group by number
)
select drawn.number, {shown}
from drawn left join interests on interests.number = drawn.number
"""  # noqa: S608 - every part is a constant of this file or of the registry


def scoring() -> str:
    """Return the statement whose answer has the columns COLUMNS, from the table `drawn` that the slices filled."""
    ranked = ",\n    ".join(
        _quintile(score, by) for score, by in zip(SCORES, ("last_order_at", "orders", "revenue"), strict=True)
    )
    names = ", ".join(feature.name for feature in FEATURES)
    return f"""
select folk.person,
    {ranked},
    {names}
from drawn join folk on folk.number = drawn.number
"""  # noqa: S608 - every part is a constant of this file or of the registry


def _quintile(score: str, by: str) -> str:
    """Fifths among people with orders, 5 the best. Equal people get equal scores, which ntile() would not promise."""
    place = f"percent_rank() over (partition by orders > 0 order by {by})"
    return f"case when orders > 0 then least(5, 1 + floor(5 * {place}))::smallint end as {score}"


def _is_vector(feature: Feature) -> bool:
    return feature.type is Type.VECTOR


def _shown(feature: Feature) -> str:
    match feature.type:
        case Type.VECTOR:
            return f"coalesce({feature.sql}, '{{}}') as {feature.name}"
        case Type.WORD:
            return f"coalesce({feature.name}, '')[:200] as {feature.name}"
        case Type.MONEY:
            return f"{feature.name}::decimal(14, 2) as {feature.name}"
        case Type.COUNT:
            return f"{feature.name}::bigint as {feature.name}"
        case Type.MOMENT:
            return feature.name
        case _:
            # Infinity and not-a-number have no place in a rule.
            return f"case when isfinite({feature.name}) then {feature.name}::double end as {feature.name}"
