"""`manage.py models`: what the pages of versions do, for scripts."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lib.artifacts import BadArtifact
from recommendations.models import ModelVersion
from recommendations.pipeline import retrain
from recommendations.registry import promote
from recommendations.views.compare import comparison
from recommendations.views.groups import groups_of
from recommendations.views.verdict import told


class Command(BaseCommand):
    """Lists versions, shows one, compares two, and rolls back."""

    help = "List versions of the recommender, show one, compare two, or let an earlier one serve again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a verb and the numbers of versions."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="Print one line for each version.")
        card = verbs.add_parser("card", help="Print what the gate asked, and the figures by group.")
        card.add_argument("version", type=int)
        both = verbs.add_parser("compare", help="Print two versions side by side.")
        both.add_argument("first", type=int)
        both.add_argument("second", type=int)
        back = verbs.add_parser("rollback", help="Let an earlier version serve again.")
        back.add_argument("version", type=int)

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        """Do what the verb says. Raises CommandError with the reason where it cannot be done."""
        if verb == "list":
            for one in ModelVersion.objects.all():
                ndcg = one.metrics.get("learners", {}).get("hybrid", {}).get("ndcg10")
                figure = "-" if ndcg is None else f"{ndcg:.4f}"
                self.stdout.write(f"v{one.pk}\t{one.state}\t{one.verdict}\t{figure}\t{one.reason}")
        elif verb == "card":
            self._card(_found(options["version"]))
        elif verb == "compare":
            self._compare(_found(options["first"]), _found(options["second"]))
        else:
            self._roll_back(_found(options["version"]))

    def _card(self, version: ModelVersion) -> None:
        verdict = told(version)
        self.stdout.write(f"v{version.pk} {version.get_verdict_display()}: {verdict.ground} {verdict.numbers}".rstrip())
        for check in verdict.checks:
            mark = {True: "yes", False: "NO", None: "-"}[check.passed]
            self.stdout.write(f"{mark}\t{check.label}\t{check.numbers}")
        for one in groups_of(version)["groupings"]:
            for group in one["groups"]:
                interval = f"{group['low']:.4f} to {group['high']:.4f}"
                line = f"{one['name']}\t{group['name']}\t{group['people']}\t{group['ndcg10']:.4f}\t{interval}"
                self.stdout.write(line)

    def _compare(self, first: ModelVersion, second: ModelVersion) -> None:
        found = comparison(first, second)
        if not found["same_goal"]:
            raise CommandError("The two were measured on lists for different things.")
        difference = found["ndcg"]["difference"]
        if difference is None:
            raise CommandError("One of the two has no figures.")
        ends = f"{difference['low']:+.4f} to {difference['high']:+.4f}"
        both = f"{found['ndcg']['first']['ndcg10']:.4f}\t{found['ndcg']['second']['ndcg10']:.4f}"
        self.stdout.write(f"NDCG@10\t{both}\t{difference['value']:+.4f} ({ends})")
        for row in found["rows"]:
            if row.change is not None:
                self.stdout.write(f"{row.name}\t{row.first:.4f}\t{row.second:.4f}\t{row.change:+.4f}")
        for one in found["groups"]:
            ends = f"{one['low']:+.4f} to {one['high']:+.4f}"
            self.stdout.write(f"{one['name']}\t{one['people']}\t{one['value']:+.4f} ({ends})")

    def _roll_back(self, version: ModelVersion) -> None:
        try:
            retrain.roll_back(version=version)
        except (promote.NotPassed, BadArtifact) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"v{version.pk} serves")


def _found(number: int) -> ModelVersion:
    version = ModelVersion.objects.filter(pk=number).first()
    if version is None:
        raise CommandError(f"there is no version {number}")
    return version
