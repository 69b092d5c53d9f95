"""Who and what: customers, products, what they did, what they allowed."""

from django.apps import AppConfig


class CrmConfig(AppConfig):
    """The bottom application: facts enter here and identities are sealed here."""

    name = "crm"
    verbose_name = "CRM"
