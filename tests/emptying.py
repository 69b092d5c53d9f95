"""Empty both databases behind a test that really wrote to them."""

from django.conf import settings
from django.core.management import call_command

from recommendations.serving import placing


def empty() -> None:
    """Leave the databases as a new installation has them: without rows, but for those that migrations bring."""
    for database in settings.DATABASES:
        call_command("flush", database=database, interactive=False, verbosity=0)
    placing.restore_usual()
