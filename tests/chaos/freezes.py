"""Prepare the campaigns that are due in batches of 50 people, slowly enough to be killed between two of them."""

import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from campaigns.planning import launch, placing  # noqa: E402
from campaigns.planning.models import Campaign  # noqa: E402

placing.BATCH = 50
while Campaign.objects.filter(state__in=[Campaign.State.SCHEDULED, Campaign.State.FREEZING]).exists():
    launch.start_due(seconds=0.001)
    time.sleep(0.05)
