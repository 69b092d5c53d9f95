"""The Celery application: four queues, and one table of periodic work in config/schedule.py."""

import os

from celery import Celery
from celery.signals import task_revoked

from config import expired
from config.heartbeat import Heartbeat
from config.schedule import SCHEDULE
from config.statements import Limited

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("relata")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = SCHEDULE
app.steps["worker"].add(Heartbeat)
app.steps["worker"].add(Limited)
task_revoked.connect(expired.note)
app.autodiscover_tasks()
