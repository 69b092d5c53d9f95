"""The pages that show all applications at once, as an application of their own."""

from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    """Shows what the others keep; its own tables hold sums of it alone."""

    name = "workspace"
    verbose_name = "Relata"
