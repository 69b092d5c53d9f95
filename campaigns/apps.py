"""Say it and listen: offers, mails, campaigns, deliveries."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Offers, e-mails, planning, sending, tracking."""

    name = "campaigns"
    verbose_name = "Campaigns"
