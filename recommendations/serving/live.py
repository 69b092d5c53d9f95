"""What to show one person now, along a declared list; each step goes on where the one before it ended.

1. The placement's own list: stored list and session, neighbours of the products named, or what is trending.
2. Favourites of the smallest segment the person is in; only with permission.
3. The list the model made for people without a history; only with permission.
4. Favourites of everybody.
5. Favourites of the departments the placement is limited to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from recommendations.ranking.reasons import NEUTRAL, SENTENCES, ListReason
from recommendations.serving import explore
from recommendations.serving.fallback import EVERYBODY, TRENDING, Found, department, reason_of, trending
from recommendations.serving.models import Neighbours, Placement
from recommendations.serving.person import Shopper, Wanted, read
from recommendations.serving.rules import NO_RULES, Good, Rules, goods, ground
from recommendations.serving.session import Scored, Stored, blend, done_with

Kind = Placement.Kind
LENGTH = 10
MOST_IN_RUNNING = 200
"""Products looked at for one answer; nobody is shown more than 50."""
ANCHORED = {
    Kind.SIMILAR.value: (Neighbours.Kind.SIMILAR.value, "similar_to"),
    Kind.TOGETHER.value: (Neighbours.Kind.TOGETHER.value, "bought_together"),
}
"""Placements that stand beside products: whose neighbours they show, and as what."""


@dataclass(frozen=True)
class LiveQuestion:
    """What is asked for."""

    uuid: UUID | str
    n: int | None = None
    """How many; None asks for the placement's length, 10 without one."""
    placement: Placement | None = None
    anchors: Sequence[int] = ()
    """Products that a similar or together placement stands beside; the session's where none is named."""
    language: str = ""
    """Empty asks for the person's own."""


@dataclass(frozen=True)
class LiveAnswer:
    """A list for one person."""

    person: Shopper
    language: str
    rows: list[Scored]
    goods: dict[int, Good]
    """Every product of the rows, and those that reasons name."""
    personal: bool
    version_id: int | None
    drawn: explore.Drawn
    held_back: list[tuple[int, str]] = field(default_factory=list)
    """(product, ground) of what would have been shown and must not be, best first; see rules.ground."""


@dataclass(frozen=True)
class _Step:
    """One step of the declared list."""

    rows: list[Scored]
    version_id: int | None
    personal: bool = False


def answer(asked: LiveQuestion) -> LiveAnswer | None:
    """Return the list for one person in two queries; None for nobody. What the person just did is in it.

    Who does not allow personal recommendations gets the non-personalised twin: the same placement filled with what is
    popular, from nothing about the person but that they do not allow it.
    """
    placement = asked.placement
    rules = placement.rules if placement else NO_RULES
    kind = placement.kind if placement else Kind.PERSONAL.value
    person = read(asked.uuid, _wanted(asked, kind, rules))
    if person is None:
        return None
    steps = [step for step in _steps(person, kind, asked.anchors) if step.rows]
    running = _merged(steps)
    language = asked.language or person.language or "en"
    named = {int(one.reason["product"]) for one in running if one.reason.get("product")}
    found = goods({one.product_id for one in running} | named, language)
    resting = person.resting | done_with(person.acts)
    grounds = {one.product_id: ground(found.get(one.product_id), rules, resting) for one in running}
    eligible = [one for one in running if not grounds[one.product_id]]
    n = asked.n or (placement.length if placement else LENGTH)
    # Only what is recorded can be learned from, and only what people allow is recorded.
    drawn = explore.draw(len(eligible), n, placement.exploration if placement and person.allowed else 0.0)
    rows = [_tactful(eligible[rank - 1], found) for rank in drawn.ranks]
    own = {one.product_id for step in steps if step.personal for one in step.rows}
    return LiveAnswer(
        person=person,
        language=language,
        rows=rows,
        goods=found,
        personal=any(one.product_id in own for one in rows),
        version_id=next((step.version_id for step in steps if step.version_id), None),
        drawn=drawn,
        held_back=_held_back(running, grounds, n),
    )


def _wanted(asked: LiveQuestion, kind: str, rules: Rules) -> Wanted:
    scopes = [EVERYBODY, *map(department, rules.departments)]
    if kind == Kind.TRENDING:
        scopes = [*(map(trending, rules.departments) if rules.departments else [TRENDING]), *scopes]
    if kind in ANCHORED:
        return Wanted(ANCHORED[kind][0], tuple(asked.anchors), rules.rest_days, scopes)
    return Wanted(rest_days=rules.rest_days, scopes=scopes)


def _steps(person: Shopper, kind: str, anchors: Sequence[int]) -> Iterator[_Step]:
    if kind == Kind.PERSONAL:
        yield _session(person, person.stored if person.personal else Stored())
    elif kind in ANCHORED:
        yield _anchored(person, anchors, ANCHORED[kind][1]) if anchors else _session(person, Stored())
    if kind not in {Kind.TRENDING, Kind.POPULAR}:
        if person.segment:
            yield _favourites(person.segment)
        if not person.personal:
            yield _Step(blend(person.stored, [], {}), person.version_id)
    yield from map(_favourites, person.favourites)


def _session(person: Shopper, stored: Stored) -> _Step:
    """The stored list with what the person just did; the session alone where no list is given."""
    by = person.version_id or person.beside_version_id
    return _Step(blend(stored, person.acts, person.beside), by, personal=True)


def _anchored(person: Shopper, anchors: Sequence[int], code: str) -> _Step:
    """Neighbours of the products named, by the sum of their scores; each says which of them it owes most to."""
    total: dict[int, float] = {}
    most: dict[int, tuple[float, int]] = {}
    for anchor in anchors:
        for product, score in person.anchored.get(anchor, ()):
            total[product] = total.get(product, 0.0) + score
            most[product] = max(most.get(product, (0.0, 0)), (score, anchor))
    ranked = sorted((product for product in total if product not in anchors), key=lambda product: -total[product])
    rows = [
        Scored(product, total[product], {"code": code, "product": most[product][1], "shares": {code: 1.0}})
        for product in ranked
    ]
    return _Step(rows, person.beside_version_id)


def _held_back(running: Sequence[Scored], grounds: dict[int, str], n: int) -> list[tuple[int, str]]:
    """What stands before the n-th eligible product and must not be shown, with the ground."""
    held: list[tuple[int, str]] = []
    shown = 0
    for one in running:
        why = grounds[one.product_id]
        if why:
            held.append((one.product_id, why))
        elif (shown := shown + 1) == n:
            break
    return held


def _tactful(one: Scored, found: dict[int, Good]) -> Scored:
    """The product with a reason that links the person to nothing of a sensitive category (ranking.sensitive)."""
    named = found.get(one.reason.get("product") or 0)
    neutral = {SENTENCES[reason].code for reason in NEUTRAL}
    if one.reason["code"] in neutral or not (found[one.product_id].sensitive or (named and named.sensitive)):
        return one
    return Scored(one.product_id, one.score, {"code": SENTENCES[ListReason.DISCOVER].code})


def _favourites(found: Found) -> _Step:
    reason = {"code": reason_of(found.scope)}
    return _Step([Scored(product, None, reason) for product in found.product_ids], found.version_id)


def _merged(steps: Sequence[_Step]) -> list[Scored]:
    """All steps one after the other, each product once, no more than are looked at."""
    seen: dict[int, Scored] = {}
    for one in (row for step in steps for row in step.rows):
        seen.setdefault(one.product_id, one)
    return list(seen.values())[:MOST_IN_RUNNING]
