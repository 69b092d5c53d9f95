"""The vocabulary for reading segments and memberships."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q


class SegmentQuerySet(models.QuerySet["models.Model"]):
    """Segments, in the product's words."""

    def in_use(self) -> Self:
        """Segments that are not archived."""
        return self.filter(archived_at__isnull=True)


class MembershipQuerySet(models.QuerySet["models.Model"]):
    """Memberships, in the product's words."""

    def current(self) -> Self:
        """Who is in now."""
        return self.filter(until__isnull=True)

    def at(self, moment: datetime) -> Self:
        """Who was in at a moment."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=moment), since__lte=moment)
