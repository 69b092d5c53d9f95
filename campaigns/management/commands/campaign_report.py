"""`manage.py campaign_report`: a campaign's report on the terminal or as CSV."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.planning.models import Campaign
from campaigns.planning.report import STEPS, ReportLine, csv_rows, report
from lib.tables import csv_lines


class Command(BaseCommand):
    """Prints what became of a campaign."""

    help = "Print what became of a campaign: for the whole and for each segment and offer."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the campaign and the form."""
        parser.add_argument("id", type=int)
        parser.add_argument("--csv", action="store_true", help="As CSV, with the ends of 95 percent intervals.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report. Raises CommandError where there is no such campaign."""
        campaign = Campaign.objects.filter(pk=options["id"]).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {options['id']}.")
        found = report(campaign)
        if options["csv"]:
            self.stdout.writelines(csv_lines(csv_rows(found), end="\n"))
            return
        self.stdout.write(f"{campaign.name} ({campaign.state}), orders within {found.window.days} days of the mail")
        self._line("altogether", found.total)
        for line in found.lines:
            self._line(f"{line.segment or '-'} × {line.offer or '-'}", line)
        for state, reason, people in found.reasons:
            self.stdout.write(f"{state} {reason or '-'}: {people}")

    def _line(self, name: str, line: ReportLine) -> None:
        rates = []
        for step in STEPS:
            rate = line.rates[step]
            share = "-" if rate.value is None else f"{rate.value:.1%} [{rate.low:.1%}, {rate.high:.1%}]"
            rates.append(f"{step} {rate.count} ({share})")
        self.stdout.write(
            f"{name}: planned {line.planned}, sent {line.sent}, {', '.join(rates)}, {line.revenue} revenue"
        )
