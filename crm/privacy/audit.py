"""Write down who opened a sealed identity, and why. The rows are append-only by a trigger."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from crm.privacy.models import Opening

WITHOUT_SUBJECTS = {"sending", "mask"}


def opened(*, customer_ids: Sequence[int], seal: str, actor: str, reason: str) -> Opening | None:
    """Record that `actor` opened one class of these people: by name for one person, as a count for several.

    The several are listed, unless deliveries list them already or only a mask was shown. Nothing is written when nobody
    was opened.
    """
    if not customer_ids:
        return None
    only = customer_ids[0] if len(customer_ids) == 1 else None
    return Opening.objects.create(
        customer_id=only,
        subjects=[] if only or actor in WITHOUT_SUBJECTS else list(customer_ids),
        seal=seal,
        count=len(customer_ids),
        actor=actor[:60],
        reason=reason[:120],
    )


def openings_of(customer_id: int) -> QuerySet[Opening]:
    """Return every opening that showed this person, alone or among others, the newest first."""
    return Opening.objects.filter(Q(customer=customer_id) | Q(subjects__contains=[customer_id]))
