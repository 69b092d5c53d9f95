"""The clock: a Celery application that only sends what config/schedule.py names, and imports nothing of the house.

`celery -A config.clock beat` ticks with it. With the whole house in memory, numpy and scikit-learn included, the
process that does nothing but tick was the largest of all.
"""

from typing import Any

from celery import Celery
from celery.loaders.app import AppLoader

from config.schedule import SCHEDULE


class NoTasks(AppLoader):  # type: ignore[misc]  # Celery has no types
    """Loads no tasks: the clock sends them by name, and the routes of the settings say to which queue."""

    def import_default_modules(self) -> list[Any]:
        """Import nothing."""
        return []


app = Celery("clock", loader=NoTasks, fixups=[], set_as_current=False)
app.config_from_object("config.settings", namespace="CELERY")
app.conf.beat_schedule = SCHEDULE
