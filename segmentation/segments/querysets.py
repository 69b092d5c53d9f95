"""The vocabulary for reading segments and memberships."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from crm.consents.purposes import Purpose
from lib import languages
from lib.translated import InLanguage
from segmentation.rules.fields import allows

if TYPE_CHECKING:
    from segmentation.segments.models import Membership, Segment


class SegmentQuerySet(models.QuerySet["Segment"]):
    """Segments, in the product's words."""

    def in_use(self) -> Self:
        """Segments that are not archived."""
        return self.filter(archived_at__isnull=True)

    def by_name(self) -> Self:
        """In the order of their names in the language of the page."""
        return self.order_by(InLanguage("name", languages.page()), "pk")


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships, in the product's words."""

    def open(self) -> Self:
        """Rows that have not ended. Who looks for people wants `current`."""
        return self.filter(until__isnull=True)

    def current(self) -> Self:
        """Who is in now: people who may be processed, by profiling only while they allow it."""
        return self.open().filter(
            Q(profiled=False) | allows(Purpose.PROFILING, "customer__permission"),
            customer__state="active",
            customer__canary=False,
        )

    def at(self, moment: datetime) -> Self:
        """Who was in at a moment."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=moment), since__lte=moment)
