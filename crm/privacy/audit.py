"""Write down who opened a sealed identity, and why. The rows are append-only by a trigger."""

from collections.abc import Sequence

from crm.privacy.models import Opening


def opened(*, customer_ids: Sequence[int], seal: str, actor: str, reason: str) -> Opening | None:
    """Record that `actor` opened one class of these people: by name for one person, as a count for several.

    Nothing is written when nobody was opened.
    """
    if not customer_ids:
        return None
    only = customer_ids[0] if len(customer_ids) == 1 else None
    return Opening.objects.create(
        customer_id=only, seal=seal, count=len(customer_ids), actor=actor[:60], reason=reason[:120]
    )
