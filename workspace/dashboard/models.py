"""The dashboard's figures as rows: written behind the pages, read by them."""

from django.db import models

from lib.declaration import operations


class DayFigures(models.Model):
    """What one day brought: orders by the day they were placed, mails by the day they were sent.

    A day of the workspace's time zone. Only sums that add up over days stand here. Written by
    workspace.dashboard.rollup.
    """

    day = models.DateField(primary_key=True)
    orders = models.BigIntegerField(default=0)
    revenue = models.FloatField(default=0.0)
    mailed = models.FloatField(default=0.0)
    """Revenue of people who had been sent a mail in the days before."""
    sent = models.BigIntegerField(default=0)
    opened = models.BigIntegerField(default=0)
    clicked = models.BigIntegerField(default=0)
    unsubscribed = models.BigIntegerField(default=0)
    ordered = models.BigIntegerField(default=0)
    """Mails whose recipient ordered in the days after."""

    class Meta:
        verbose_name_plural = "day figures"

    class Privacy:
        """Sums over everybody."""

        day = orders = revenue = mailed = sent = opened = clicked = unsubscribed = ordered = operations()


class ShopFigures(models.Model):
    """What does not add up over days, because people are counted once: one row, the newest."""

    buyers_by_week = models.JSONField(default=dict)
    """{Monday as 2026-11-23: different people who ordered in that week}."""
    buyers = models.BigIntegerField(default=0)
    """Different people who ordered in the last 30 days."""
    buyers_before = models.BigIntegerField(default=0)
    """The same of the 30 days before them."""
    repeat_rate = models.FloatField(null=True)
    """Of portrayed people with an order, the share with two or more."""
    grid = models.JSONField(default=list)
    """[[recency score, frequency score, people]]."""
    unknown = models.BigIntegerField(default=0)
    """Mails of which nobody knows whether they arrived."""
    campaigns = models.JSONField(default=dict)
    """{id: [sent, opened, clicked]} of the newest campaigns."""
    zone = models.CharField(max_length=64)
    """The time zone the days are of: where the workspace has another one since, all are counted anew."""
    made_at = models.DateTimeField()
    """When the last days were counted."""
    all_at = models.DateTimeField()
    """When every day was counted; facts about earlier days that came in later are not in."""

    class Meta:
        verbose_name_plural = "shop figures"

    class Privacy:
        """Counts over everybody."""

        id = buyers_by_week = buyers = buyers_before = repeat_rate = grid = unknown = operations()
        campaigns = zone = made_at = all_at = operations()
