"""Standing: what a customer's contract with us amounts to, counted from facts."""

from django.db import models

from lib.declaration import derived, pseudonym


class Standing(models.Model):
    """Orders and mails of one customer, counted. Written only by segmentation.standing.keep; no row means none of all.

    These are facts of the contract, held of everybody, not a portrait: do not add what is guessed, scored or compared
    with others.
    """

    customer = models.OneToOneField("crm.Customer", models.CASCADE, primary_key=True, related_name="standing")
    orders = models.BigIntegerField(default=0)
    """Different orders; an order line without an order id is an order of its own moment."""
    revenue = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    """Sum of all order lines, in the currency of the workspace."""
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)
    mails = models.BigIntegerField(default=0)
    last_mail_at = models.DateTimeField(null=True)
    opens = models.BigIntegerField(default=0)
    """Different mails opened, of people who allow it to be noticed."""
    last_open_at = models.DateTimeField(null=True)
    clicks = models.BigIntegerField(default=0)
    """Different mails clicked, of people who allow it to be noticed."""
    last_click_at = models.DateTimeField(null=True)

    class Privacy:
        """Sums, for which the facts themselves stay; they go with the person."""

        customer = pseudonym()
        orders = revenue = first_order_at = last_order_at = derived("service")
        mails = last_mail_at = opens = last_open_at = clicks = last_click_at = derived("service")
