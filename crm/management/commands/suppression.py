"""`manage.py suppression`: who is on the suppression list and why, and taking somebody off it."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from django.utils import timezone
from django.utils.dateparse import parse_date

from crm.consents.purposes import Purpose
from crm.customers.models import Customer, Identity
from crm.eligibility import reasons as eligibility
from crm.eligibility.reasons import STOPPING, Lane
from crm.privacy import reveal, suppression
from crm.privacy.blindindex import InvalidAddress
from crm.privacy.models import Suppression

PURPOSES = {Lane.MARKETING: Purpose.EMAIL_MARKETING, Lane.TRANSACTIONAL: Purpose.SERVICE}
REFUSALS = (suppression.NotListed, suppression.ErasedStays, InvalidAddress)
ADDRESS = "without it an e-mail address is read from standard input"


class Command(BaseCommand):
    """`manage.py suppression list|explain|lift`."""

    help = "Show the suppression list, say why somebody is not mailed, and take an address off the list."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a verb and what it needs. Arguments show in the list of processes, so none is an address."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        shown = verbs.add_parser("list", help="Entries, newest first; they are keyed hashes, and name nobody.")
        shown.add_argument("--reason", choices=suppression.Reason.values)
        shown.add_argument("--stops", choices=Lane.values, help="only what stops this kind of message")
        shown.add_argument("--since", type=_day, help="a day, such as 2026-11-30")
        shown.add_argument("--customers", action="store_true", help="the customers whose address is listed, by id")
        shown.add_argument("--limit", type=int, default=50)
        explain = verbs.add_parser("explain", help="Say whether somebody may be mailed, and if not why.")
        explain.add_argument("customer", nargs="?", type=_customer_id, help=f"public id of a customer; {ADDRESS}")
        lift = verbs.add_parser("lift", help="Take an address off the list.")
        lift.add_argument("customer", nargs="?", type=_customer_id, help=f"public id of a customer; {ADDRESS}")
        lift.add_argument("--because", choices=suppression.LiftReason.values, required=True)
        lift.add_argument("--erased", action="store_true", help="also when the person had themselves erased")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        """Do what the verb says. Raises CommandError with the reason where it cannot be done."""
        try:
            if verb == "list":
                self._list(options)
            elif verb == "explain":
                self._explain(options["customer"])
            else:
                self._lift(options)
        except REFUSALS as refusal:
            raise CommandError(str(refusal)) from refusal

    def _list(self, options: dict[str, Any]) -> None:
        kinds = {options["reason"]} if options["reason"] else set(suppression.Reason.values)
        if options["stops"]:
            kinds &= {reason.value for reason in STOPPING[Lane(options["stops"])]}
        if options["customers"]:
            if options["since"]:
                raise CommandError("Customers are not known by the day they were listed; leave out --since.")
            self._customers(kinds, options["limit"])
            return
        found = Suppression.objects.filter(reason__in=kinds)
        if options["since"]:
            found = found.filter(created_at__gte=options["since"])
        for row in found.order_by("-created_at", "-id")[: options["limit"]]:
            self.stdout.write(f"{row.created_at:%Y-%m-%d %H:%M} UTC  {_told(row.reason)}")
        counts = found.order_by("reason").values_list("reason").annotate(Count("id"))
        self.stdout.write(", ".join(f"{reason} {number:,}" for reason, number in counts) or "Nobody.")

    def _customers(self, kinds: set[str], limit: int) -> None:
        found = Identity.objects.filter(suppressed__in=kinds).order_by("-customer_id")
        for uuid, reason in found.values_list("customer__uuid", "suppressed")[:limit]:
            self.stdout.write(f"{uuid}  {_told(reason or '')}")
        self.stdout.write(f"{found.count():,} customers")

    def _explain(self, uuid: UUID | None) -> None:
        if uuid is None:
            email = _address()
            row = suppression.entry(email)
            listed = f"On the list since {row.created_at:%Y-%m-%d %H:%M} UTC: {_told(row.reason)}." if row else ""
            self.stdout.write(listed or "This address is not on the list.")
            pk = reveal.find_by_email(email)
            customer = Customer.objects.filter(pk=pk).first() if pk else None
            if customer is None:
                self.stdout.write("No customer has this address.")
                return
        else:
            customer = _customer(uuid)
            held = Identity.objects.filter(customer=customer).values_list("suppressed", flat=True).first()
            self.stdout.write(f"On the list: {_told(held)}." if held else "Not on the list, as far as is known.")
        self.stdout.write(f"Customer {customer.uuid}:")
        for lane, purpose in PURPOSES.items():
            why = eligibility.reasons([customer.pk], purpose, lane).get(customer.pk, "")
            said = eligibility.Reason(why).label if why else "may be written to"
            self.stdout.write(f"  {lane.value}: {said}")

    def _lift(self, options: dict[str, Any]) -> None:
        why, erased = suppression.LiftReason(options["because"]), options["erased"]
        if options["customer"] is None:
            reason = suppression.lift(email=_address(), why=why, by="command", erased=erased)
        else:
            customer = _customer(options["customer"])
            reason = suppression.lift_customer(customer=customer, why=why, actor="command", erased=erased)
        self.stdout.write(f"Lifted; it was listed as {reason.value}. Whether mail is allowed is asked as before.")


def _told(reason: str) -> str:
    stopped = [lane.value for lane in Lane if eligibility.stopped_by(reason, lane)]
    return f"{reason}, stops {' and '.join(stopped)}"


def _day(text: str) -> datetime:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise ArgumentTypeError("write a day like 2026-11-30")
    return timezone.make_aware(datetime.combine(day, time.min))


def _customer_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        # What was typed is not repeated: it may be an address.
        raise ArgumentTypeError("not the public id of a customer; an address is read from standard input") from None


def _customer(uuid: UUID) -> Customer:
    found = Customer.objects.filter(uuid=uuid).first()
    if found is None:
        raise CommandError("There is no such customer.")
    return found


def _address() -> str:
    if sys.stdin.isatty():
        sys.stderr.write("E-mail address: ")
        sys.stderr.flush()
    return sys.stdin.readline().strip()
