"""Who somebody is: traits sealed or kept as coarse attributes, consents recorded, ids tied together."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from crm.changes.tell import Topic, about, tell
from crm.consents import decide
from crm.consents.purposes import keys_of
from crm.customers.models import Customer
from crm.ingest import people, person, refusals
from crm.ingest.event import ALIAS, Event, EventOutcome, Rejection
from crm.ingest.person import GENDERS, IncomingPerson
from crm.ingest.scrubbing import clean_id, clean_properties, clean_reference, names_identifier

TWO_KNOWN = "Both ids are known people; two known people are not made one."
STANDS = (
    "The person refused this: {}. The rest was taken. A yes undoes a no when a key with the scope write sends it, with"
    " consent_how among the traits and a timestamp after the refusal."
)
PROOF_LIMIT = 120
TRAITS = {"firstName": "first_name", "lastName": "last_name", "name": "name", "address": "address"}
COARSE = ("language", "timezone", "country", "region", "gender")


def apply(events: Sequence[Event]) -> EventOutcome:
    """Apply IDENTIFY and ALIAS events in their order; bad ones are rejected one by one.

    Somebody with an anonymous id only and an e-mail address among the traits is known by that address from then on. An
    anonymous visitor without one stays anonymous: coarse traits and consents are kept, names and numbers are not.
    What a bad event refuses is recorded all the same, for whoever it names.
    """
    rejected: list[Rejection] = []
    done = 0
    for index, event in enumerate(events):
        with transaction.atomic():
            problem = _alias(event) if event.kind == ALIAS else _told(event)
        if problem:
            rejected.append(Rejection(index, *problem))
        else:
            done += 1
    return EventOutcome(done, 0, rejected)


def _alias(event: Event) -> tuple[str, str] | None:
    if not event.external_id or not event.anonymous_id:
        return "previousId", "An alias needs userId and previousId."
    if event.external_id == event.anonymous_id:
        return None
    if Customer.objects.filter(external_id=clean_id(event.anonymous_id)).exists():
        return "previousId", TWO_KNOWN
    known = people.resolve([event], event.source)
    return None if known.of(event) else ("userId", people.CLOSED)


def _told(event: Event) -> tuple[str, str] | None:
    told = person_of(event)
    problem = _identify(event, told)
    if problem:
        refusal = person.refusal_of(told, event.anonymous_id)
        refusals.record([refusal], event.source, _proof(event))
    return problem


def _proof(event: Event) -> dict[str, Any]:
    return {"message": clean_reference(event.message_id[:PROOF_LIMIT])}


def _identify(event: Event, told: IncomingPerson) -> tuple[str, str] | None:
    if not told.external_id and not told.email:
        return _anonymous(event, told)
    outcome = person.save([told], event.source, _proof(event))
    if outcome.rejected:
        return outcome.rejected[0].field, outcome.rejected[0].reason
    name = event.external_id or person.holder_of(told.email)
    if event.anonymous_id:
        people.resolve([_with_both(event, name)], event.source)
    return _stands(told, {"external_id": clean_id(name)})


def _stands(told: IncomingPerson, who: dict[str, Any]) -> tuple[str, str] | None:
    # Read back, so that no program believes that it subscribed somebody it did not.
    asked = refusals.purposes_of(told.consents, granted=True)
    held = Customer.objects.values_list("permission", flat=True).get(**who) if asked else 0
    left = keys_of(asked & ~held)
    return ("consents", STANDS.format(", ".join(left))) if left else None


def _with_both(event: Event, external_id: str) -> Event:
    return Event(
        kind=event.kind,
        message_id=event.message_id,
        source=event.source,
        occurred_at=event.occurred_at,
        external_id=external_id,
        anonymous_id=event.anonymous_id,
    )


def _anonymous(event: Event, told: IncomingPerson) -> tuple[str, str] | None:
    if problem := person.problem_of(told, named=True):
        return problem
    found = people.resolve([event], event.source).of(event)
    if found is None:
        return "anonymousId", people.CLOSED
    customer: Any = Customer.objects.select_for_update().get(pk=found)
    for name in COARSE:
        setattr(customer, name, getattr(told, name) or getattr(customer, name))
    customer.attributes = {**customer.attributes, **clean_properties(told.attributes)}
    customer.save(update_fields=[*COARSE, "attributes"])
    tell(Topic.PROFILE, customers=[found], signals=about(Topic.PROFILE, [found], event.occurred_at))
    decide.record_statements(statements=[person.statement_of(told, found, event.source, _proof(event))])
    return _stands(told, {"pk": found})


def person_of(event: Event) -> IncomingPerson:
    """Return what the traits of an event say, identifying ones apart from coarse ones."""
    traits = dict(event.traits or {})
    coarse = {name: _text(traits.pop(name, "")) for name in COARSE}
    gender = coarse["gender"].casefold()
    identity = {ours: _text(traits.pop(theirs)) for theirs, ours in TRAITS.items() if traits.get(theirs)}
    identity |= {ours: _text(traits.pop(ours)) for ours in ("first_name", "last_name") if traits.get(ours)}
    email, phone = _text(traits.pop("email", "")), _text(traits.pop("phone", ""))
    how, text = _text(traits.pop("consent_how", "")), _text(traits.pop("consent_text", ""))
    attributes: dict[str, Any] = {}
    for key, value in traits.items():
        if names_identifier(key):
            identity[key[:60]] = _text(value)
        else:
            attributes[key] = value
    return IncomingPerson(
        external_id=event.external_id,
        email=email,
        phone=phone,
        identity=identity,
        language=coarse["language"].replace("_", "-").lower(),
        timezone=coarse["timezone"],
        country=coarse["country"].upper() if len(coarse["country"]) == 2 else "",
        region=coarse["region"],
        gender=GENDERS.get(gender, "other" if gender else ""),
        attributes=attributes,
        consents=event.consents or {},
        consented_at=event.occurred_at,
        consent_how=how,
        consent_text=text,
        undoes_refusal=event.undoes_refusal,
    )


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values() if part)
    return "" if value is None else str(value).strip()
