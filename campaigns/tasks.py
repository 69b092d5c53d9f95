"""Background work of campaigns. Rows are the queue; a task only says that it is time to look."""

from celery import shared_task
from django.conf import settings

from campaigns.planning import closing, holding, launch
from campaigns.sending import reap, shift


@shared_task
def start_due_campaigns() -> None:
    """Freeze campaigns whose time has come, and write their deliveries."""
    launch.start_due()


@shared_task(acks_late=False, soft_time_limit=120, time_limit=180)
def pump_deliveries() -> None:
    """Send what is due, for at most half a minute; campaigns follow what the server says of their senders."""
    holding.follow()
    shift.work(limit=settings.SEND_BATCH, worker="celery")
    holding.follow()
    closing.finish()


@shared_task
def reap_leases() -> None:
    """Give back the leases of dead workers, close what was cancelled, and campaigns that are over."""
    closing.close_cancelled()
    reap.reap()
    closing.finish()
