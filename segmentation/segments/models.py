"""Segments, and who is in them since when."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.declaration import derived, operations, pseudonym
from lib.translated import Translated
from segmentation.segments.querysets import MembershipQuerySet, SegmentQuerySet


class Segment(Translated):
    """A group of customers that campaigns can be written for."""

    class Kind(models.TextChoices):
        """What decides who is in."""

        RULE = "rule", _("Rules")
        CLUSTER = "cluster", _("Cluster")
        FIXED = "fixed", _("Fixed list")

    TEXTS = ("name", "description")

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.RULE)
    rule = models.JSONField(default=dict, blank=True)
    """The rule tree of segmentation.rules.grammar; empty for other kinds."""
    size = models.BigIntegerField(default=0)
    reachable = models.BigIntegerField(default=0)
    """How many of them can be sent e-mail, as of the last refresh."""
    refreshed_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="segments")

    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]

    class Privacy:
        """About groups."""

        id = name = translations = description = kind = rule = size = refreshed_at = archived_at = operations()
        reachable = operations()
        created_at = updated_at = created_by = operations()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A customer was in a segment from `since` until `until`; open ended while still in."""

    # Both begin an index below, so that neither needs one of its own.
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="memberships", db_index=False)
    customer = models.ForeignKey("crm.Customer", models.CASCADE, related_name="memberships", db_index=False)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    profiled = models.BooleanField(default=False, db_default=False)
    """Only profiling says that she is in: a portrait or a cluster. Who reads memberships leaves her out as soon as she
    does not allow it (MembershipQuerySet.current); without it she is in by facts alone, or because somebody put her
    there."""

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "customer"], condition=models.Q(until__isnull=True), name="member_once_at_a_time"
            )
        ]
        indexes = [
            # Read by a customer's page and by the campaign matrix.
            models.Index("customer", "segment", name="membership_by_customer"),
            # Read by the pages of a segment's members, in the order they came.
            models.Index("segment", "id", name="membership_in_order", condition=models.Q(until__isnull=True)),
        ]

    class Privacy:
        """Worked out about a person; goes with the person."""

        id = operations()
        segment = since = until = profiled = derived()
        customer = pseudonym()


class SegmentSize(models.Model):
    """How large a segment was at the end of a day, or at its last refresh of that day."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="sizes", db_index=False)
    day = models.DateField()
    """In UTC."""
    size = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "day"], name="segment_size_once_a_day")]

    class Privacy:
        """About groups."""

        id = segment = day = size = operations()
