"""Close campaigns of which everything was sent, or will never be."""

from django.db.models import Exists, OuterRef
from django.utils import timezone

from campaigns.sending.models import Delivery
from campaigns.sending.sent import note_missing


def finish() -> int:
    """Close campaigns with no delivery left to send, after every sent mail was noted; return how many were closed."""
    campaigns = Delivery.campaign.field.related_model._default_manager
    here = Delivery.objects.filter(campaign=OuterRef("pk"))
    unfinished = Exists(here.filter(waiting=True)) | Exists(here.filter(taken=True))
    over = campaigns.filter(~unfinished, state="sending", frozen_at__isnull=False)
    noted = list(over.values_list("pk", flat=True))
    for campaign_id in noted:
        note_missing(campaign_id)
    # one that another worker ended meanwhile waits for the next call, which notes its mails first
    return int(over.filter(pk__in=noted).update(state="sent", finished_at=timezone.now()))
