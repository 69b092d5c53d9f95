"""The vocabulary for reading segments and memberships."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from segmentation.segments.models import Membership, Segment


class SegmentQuerySet(models.QuerySet["Segment"]):
    """Segments, in the product's words."""

    def in_use(self) -> Self:
        """Segments that are not archived."""
        return self.filter(archived_at__isnull=True)


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships, in the product's words."""

    def current(self) -> Self:
        """Who is in now."""
        return self.filter(until__isnull=True)

    def at(self, moment: datetime) -> Self:
        """Who was in at a moment."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=moment), since__lte=moment)
