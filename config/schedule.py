"""All periodic work, with the time spelled out. Each task finds its own due rows, so a missed beat only delays."""

from typing import Any

from celery.schedules import crontab

EXPIRES = 60.0
"""Seconds a look for due rows waits for a worker: more than two shifts of sending."""

SCHEDULE: dict[str, dict[str, Any]] = {
    # Every 5 seconds: campaigns whose time has come are frozen and their deliveries written.
    "campaigns.start_due": {"task": "campaigns.tasks.start_due_campaigns", "schedule": 5.0},
    # Every 5 seconds: due deliveries are claimed and sent.
    "campaigns.pump": {"task": "campaigns.tasks.pump_deliveries", "schedule": 5.0},
    # Every 30 seconds: leases of dead workers are given back, unanswered sends become unknown.
    "campaigns.reap": {"task": "campaigns.tasks.reap_leases", "schedule": 30.0},
    # Every 10 seconds: imports that were uploaded and wait for a worker.
    "crm.imports": {"task": "crm.tasks.run_due_imports", "schedule": 10.0},
    # Every 10 seconds: releases and paintings whose worker was lost.
    "crm.releases": {"task": "crm.tasks.run_due_releases", "schedule": 10.0},
    "segmentation.portraits": {"task": "segmentation.tasks.run_due_portraits", "schedule": 10.0},
    # Every 10 seconds: cluster runs asked for in the UI.
    "segmentation.clusters": {"task": "segmentation.tasks.run_due_clusters", "schedule": 10.0},
    # Every 10 seconds: trainings asked for in the UI.
    "recommendations.trainings": {"task": "recommendations.tasks.run_due_trainings", "schedule": 10.0},
    # Every 20 seconds: who no longer allows profiling loses portrait and memberships, within a minute in all.
    "segmentation.withdrawn": {"task": "segmentation.tasks.forget_withdrawn", "schedule": 20.0},
    # Every 15 minutes: rule segments follow the portraits.
    "segmentation.refresh": {"task": "segmentation.tasks.refresh_segments", "schedule": crontab(minute="*/15")},
    # Every 5 minutes: the dashboard's figures of the last days; once a day those of all its weeks.
    "workspace.figures": {"task": "workspace.tasks.renew_figures", "schedule": 300.0},
    # Daily at 01:30 UTC: next months' partitions exist before the first event needs them.
    "crm.partitions": {"task": "crm.tasks.ensure_partitions", "schedule": crontab(hour=1, minute=30)},
    # Daily at 01:35 UTC: what was shown has its months to come, and those past their time are gone.
    "recommendations.shown": {"task": "recommendations.tasks.keep_shown", "schedule": crontab(hour=1, minute=35)},
    # Daily at 01:45 UTC: releases past their expiry lose their key and their files.
    "crm.expire": {"task": "crm.tasks.expire_releases", "schedule": crontab(hour=1, minute=45)},
    # Daily at 01:50 UTC: uploaded files and rejected rows older than a week.
    "crm.expire_imports": {"task": "crm.tasks.expire_imports", "schedule": crontab(hour=1, minute=50)},
    # Daily at 01:40 UTC: news of readers that were switched off, and of those that took nothing for a week.
    "crm.news": {"task": "crm.tasks.sweep_news", "schedule": crontab(hour=1, minute=40)},
    # Daily at 01:55 UTC: sealed addresses that do not know yet whether they are on the suppression list.
    "crm.suppressed": {"task": "crm.tasks.look_up_suppressed", "schedule": crontab(hour=1, minute=55)},
    # Daily at 02:00 UTC: release, portray, segment, recommend.
    "circle": {"task": "workspace.tasks.walk_circle", "schedule": crontab(hour=2, minute=0)},
}
for _entry in SCHEDULE.values():
    if isinstance(_entry["schedule"], float):
        # The queue of a busy worker stays short. A look is worth something for as long as a worker may be busy with the
        # shift before: what expires is noticed (config/expired.py).
        _entry["options"] = {"expires": max(_entry["schedule"], EXPIRES)}
