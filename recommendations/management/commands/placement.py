"""`manage.py placement`: what the pages of placements do, for scripts."""

from argparse import SUPPRESS, ArgumentParser
from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from recommendations.models import Placement
from recommendations.serving import placing
from recommendations.serving.placing import PlacementTerms


class Command(BaseCommand):
    """Lists, makes, changes and removes placements."""

    help = "List, make, change and remove placements."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a verb and what it needs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="Print one line for each placement.")
        verbs.add_parser("usual", help="Make those of the usual placements that are missing.")
        for verb, words in {"set": "Make a placement, or change what is given.", "remove": "Take one away."}.items():
            one = verbs.add_parser(verb, help=words, argument_default=SUPPRESS)
            one.add_argument("key")
            if verb == "set":
                self._terms(one)

    def _terms(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name")
        parser.add_argument("--kind", choices=Placement.Kind.values)
        parser.add_argument("--length", type=int)
        parser.add_argument("--only", dest="categories_in", nargs="*", metavar="CATEGORY", help="paths of categories")
        parser.add_argument("--not", dest="categories_out", nargs="*", metavar="CATEGORY")
        parser.add_argument("--price-from", type=_price, help="`none` for no bound")
        parser.add_argument("--price-to", type=_price, help="`none` for no bound")
        parser.add_argument("--rest-days", type=int, help="what was bought within so many days is not shown")
        parser.add_argument("--exploration", type=float, help="share of answers drawn by lot, 0 to 0.2")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        """Do what the verb says. Raises CommandError with the reason where it cannot be done."""
        try:
            if verb == "list":
                for row in Placement.objects.all():
                    self.stdout.write(f"{row.key}\t{row.kind}\t{row.length}\t{row.name}")
            elif verb == "usual":
                self.stdout.write(", ".join(row.key for row in placing.restore_usual()) or "nothing was missing")
            elif verb == "set":
                self._set(options)
            else:
                placing.remove(placement=_found(options["key"]))
        except ValidationError as refusal:
            raise CommandError("; ".join(refusal.messages)) from refusal

    def _set(self, options: dict[str, Any]) -> None:
        # Only what was given is here: the others have no default.
        given = {field.name: options[field.name] for field in fields(PlacementTerms) if field.name in options}
        given |= {name: tuple(given[name]) for name in ("categories_in", "categories_out") if name in given}
        row = placing.find(options["key"])
        if row:
            placing.change(placement=row, terms=replace(placing.terms_of(row), **given))
        else:
            placing.create(terms=PlacementTerms(**{"name": options["key"], **given, "key": options["key"]}))
        self.stdout.write(f"{options['key']} is {'changed' if row else 'made'}")


def _price(text: str) -> Decimal | None:
    if text == "none":
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text} is no price") from error


def _found(key: str) -> Placement:
    row = placing.find(key)
    if row is None:
        raise CommandError(f"There is no placement {key}.")
    return row
