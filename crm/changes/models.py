"""What is new, for those who act on it: rows that live for seconds, and only while somebody reads them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from lib.declaration import behaviour, operations, pseudonym


class Stream(models.TextChoices):
    """The three sorts of news."""

    SIGNALS = "signals"
    """For journeys: single facts somebody listens to, with their reference."""
    PEOPLE = "people"
    """For portraits and segments: whose facts changed, and since when."""
    FACTS = "facts"
    """For connectors and webhooks: the ids of new rows."""


class NewsReader(models.Model):
    """Somebody who takes news of one stream. Without its row nothing is written for it."""

    name = models.CharField(max_length=40, primary_key=True)
    stream = models.CharField(max_length=10, choices=Stream)
    since = models.DateTimeField(db_default=Now())
    lapsed_at = models.DateTimeField(null=True)
    """When news it had not taken for a week were dropped; it has to look at everything again."""

    class Privacy:
        """A part of the application."""

        name = stream = since = lapsed_at = operations()


class SignalWanted(models.Model):
    """A kind of signal that something listens to; other kinds are never written."""

    kind = models.CharField(max_length=80, primary_key=True)
    """`event:order`, `consent:withdrawn:email_marketing`, `segment:entered:17`, `product:price_drop` …"""
    until = models.DateTimeField(null=True)
    """Not written after this moment; null for as long as the row stands."""

    class Privacy:
        """A part of the application."""

        kind = until = operations()


class News(models.Model):
    """What one transaction has to tell one reader: ids, or signals, at most 1,000 in a row.

    Written in the transaction of the fact and deleted in the transaction that acts on it (read.take), so that neither
    a kill nor a rollback loses any. Do not keep a cursor over `id`: ids are given out before the commit, and a cursor
    would pass over rows that commit late.
    """

    reader = models.CharField(max_length=40)
    """Name of the reader. No foreign key: each writer would lock the reader's row, and all wait for one another."""
    topic = models.CharField(max_length=40)
    """What happened to them; crm.changes.tell.Topic."""
    refs = ArrayField(models.BigIntegerField(), default=list)
    """Customer ids of PEOPLE; ids of the new rows of FACTS (of the customers, where the topic is about those)."""
    since = models.DateTimeField(null=True)
    """The earliest moment at which something happened; null where a topic has none."""
    until = models.DateTimeField(null=True)
    """The latest such moment: with `since`, it says in which partitions the rows are."""
    signals = models.JSONField(null=True)
    """Of SIGNALS: a list of objects as crm.changes.tell.Signal has them."""
    size = models.IntegerField()
    """How many ids or signals."""
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "news"
        indexes = [
            # Read by read.take, oldest first, and by the depth of each reader.
            models.Index("reader", "id", name="news_by_reader"),
        ]

    class Privacy:
        """Ids and references; gone as soon as they are read."""

        id = reader = topic = size = written_at = operations()
        refs = pseudonym()
        since = until = signals = behaviour("service")
