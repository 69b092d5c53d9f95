"""The house itself as an application, for its checks and its commands."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Registers the system checks."""

    name = "config"
    verbose_name = "Relata"

    def ready(self) -> None:
        """Load the checks: importing the module registers them."""
        from config import checks  # noqa: F401, PLC0415  (Django asks for checks to be loaded here, not earlier)
