"""`manage.py campaign`: what the campaign pages do, for scripts."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from campaigns.emails.starters import install_starters
from campaigns.planning import audience, checklist, draft, launch, suggest
from campaigns.planning.models import Campaign
from campaigns.planning.progress import Progress, progress
from campaigns.sending.configuration import NotConfigured

REFUSALS = (draft.NotADraft, launch.NotReady, launch.WrongState, suggest.NothingToSuggest, NotConfigured)


class Command(BaseCommand):
    """Makes, starts, holds and stops campaigns."""

    help = "Make, start, hold and stop campaigns, and say how far they are."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a verb and what it needs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="Make a draft; prints its id.")
        create.add_argument("name")
        create.add_argument(
            "--row",
            action="append",
            default=[],
            metavar="SEGMENT:OFFER:TEMPLATE",
            help="Ids of one row of the matrix, OFFER 0 for none; repeat for more rows, first row first.",
        )
        create.add_argument("--suggest", action="store_true", help="Fill the matrix as the button Suggest does.")
        schedule = verbs.add_parser("schedule", help="Start a draft now, or at a moment.")
        schedule.add_argument("id", type=int)
        schedule.add_argument("--at", help="ISO 8601, in the workspace's time zone unless it names one.")
        for verb, words in {
            "pause": "Hold a campaign that is being sent.",
            "resume": "Let a held campaign go on.",
            "cancel": "Stop a campaign for good.",
            "status": "Say how far a campaign is.",
        }.items():
            verbs.add_parser(verb, help=words).add_argument("id", type=int)

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        """Do what the verb says. Raises CommandError with the reason where it cannot be done."""
        try:
            if verb == "create":
                self._create(options["name"], options["row"], options["suggest"])
            else:
                self._act(verb, _campaign(options["id"]), options.get("at"))
        except ValidationError as refusal:
            raise CommandError("; ".join(refusal.messages)) from refusal
        except REFUSALS as refusal:
            raise CommandError(str(refusal)) from refusal

    def _create(self, name: str, rows: list[str], fill: bool) -> None:
        made = draft.create(name=name)
        if rows:
            draft.set_cells(campaign=made, rows=[_row(text) for text in rows])
        if fill:
            install_starters()
            found = suggest.suggest(made)
            draft.set_cells(campaign=made, rows=[one.row for one in found])
            for one in found:
                self.stderr.write(f"segment {one.row.segment_id}: {one.why}")
        self.stdout.write(str(made.pk))

    def _act(self, verb: str, campaign: Campaign, at: str | None) -> None:
        if verb == "schedule":
            row = launch.schedule(campaign=campaign, at=_moment(at) if at else None)
            self.stdout.write(f"scheduled for {row.scheduled_at:%Y-%m-%d %H:%M %Z}")
        elif verb == "pause":
            launch.pause(campaign=campaign)
        elif verb == "resume":
            launch.resume(campaign=campaign)
        elif verb == "cancel":
            self.stdout.write(f"{launch.cancel(campaign=campaign)} mails not sent")
        else:
            self._status(campaign)

    def _status(self, campaign: Campaign) -> None:
        far = progress([campaign]).get(campaign.pk, Progress())
        self.stdout.write(f"{campaign.name}: {campaign.state}")
        self.stdout.write(f"{far.done} of {far.total} done, {far.sent} sent, {far.failed} failed or unknown")
        if campaign.state == Campaign.State.DRAFT:
            today = audience.count(campaign)
            self.stdout.write(f"would reach {today.reachable} of {today.people} people; left out: {today.excluded}")
            for problem in checklist.problems(campaign):
                self.stdout.write(f"{'error' if problem.blocking else 'warning'}: {problem.text}")


def _campaign(pk: int) -> Campaign:
    campaign = Campaign.objects.filter(pk=pk).first()
    if campaign is None:
        raise CommandError(f"There is no campaign {pk}.")
    return campaign


def _row(text: str) -> draft.DraftRow:
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise CommandError(f"A row is SEGMENT:OFFER:TEMPLATE, three ids; {text!r} is not.")
    segment, offer, template = (int(part) for part in parts)
    return draft.DraftRow(segment_id=segment, template_id=template, offer_id=offer or None)


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"{text!r} is no moment; write it like 2030-03-31T09:00.")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
