"""The pages that show all applications at once, as an application of their own."""

from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    """Has no tables: it shows what the others keep."""

    name = "workspace"
    verbose_name = "Relata"
