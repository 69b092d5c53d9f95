"""Print the mail of a campaign as one customer would get it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.emails.problems import CompileError
from campaigns.emails.render import RenderError
from campaigns.planning.models import Campaign
from campaigns.planning.preview import NoText, cell_of, find, first, preview


class Command(BaseCommand):
    """`manage.py render_mail CAMPAIGN [--customer ID] [--part html|text]`."""

    help = "Print the mail of a campaign as one customer would get it; the name is left out."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the campaign, the customer and the part."""
        parser.add_argument("campaign", type=int)
        parser.add_argument("--customer", default="", help="Number or public id; the first of the campaign otherwise.")
        parser.add_argument("--part", choices=["html", "text"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it.

        Raises CommandError when there is no such campaign or customer, or the mail cannot be made.
        """
        campaign = Campaign.objects.filter(pk=options["campaign"]).first()
        if campaign is None:
            raise CommandError("There is no such campaign.")
        customer = find(campaign, options["customer"]) if options["customer"] else first(campaign)
        cell = cell_of(campaign, customer) if customer else None
        if customer is None or cell is None:
            raise CommandError("The campaign reaches nobody like that.")
        try:
            mail = preview(cell=cell, customer=customer).mail
        except (NoText, CompileError, RenderError) as error:
            raise CommandError(f"The mail cannot be made: {error}") from error
        self.stdout.write(f"Subject: {mail.subject}\n\n{mail.html if options['part'] == 'html' else mail.text}")
