"""The words of the log of acts: everything the house lets somebody do, and every kind of thing it is done to."""

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Program(models.TextChoices):
    """Who acts when no person and no key does."""

    SYSTEM = "system", _("Relata itself")
    COMMAND = "command", _("a command")


class Verb(models.TextChoices):
    """What was done. A new verb of the house is one line here."""

    CREATED = "created", _("created")
    CHANGED = "changed", _("changed")
    RENAMED = "renamed", _("renamed")
    DUPLICATED = "duplicated", _("made as a copy")
    ARCHIVED = "archived", _("archived")
    RESTORED = "restored", _("taken out of the archive")
    REMOVED = "removed", _("removed")
    SCHEDULED = "scheduled", _("scheduled")
    UNSCHEDULED = "unscheduled", _("made a draft again")
    STARTED = "started", _("started")
    PAUSED = "paused", _("paused")
    RESUMED = "resumed", _("resumed")
    CANCELLED = "cancelled", _("cancelled")
    TEST_SENT = "test_sent", _("sent as a test")
    PEOPLE_ADDED = "people_added", _("people added")
    PEOPLE_REMOVED = "people_removed", _("people removed")
    EXPORTED = "exported", _("exported")
    CONTACTS_EXPORTED = "contacts_exported", _("exported with names and addresses")
    EXCLUDED = "excluded", _("excluded from recommendations")
    INCLUDED = "included", _("recommended again")
    PROMOTED = "promoted", _("put into use")
    ROLLED_BACK = "rolled_back", _("put back into use")
    UPLOADED = "uploaded", _("uploaded")
    BUILT = "built", _("built")
    GRANTED = "granted", _("permission recorded")
    WITHDREW = "withdrew", _("withdrawal recorded")
    REVEALED = "revealed", _("identity opened")
    ERASED = "erased", _("erased")
    LIFTED = "lifted", _("block on mailing lifted")
    CLEARED = "cleared", _("emptied")
    ADDED = "added", _("added to the team")
    ROLE_CHANGED = "role_changed", _("given another role")
    LET_IN = "let_in", _("let in again")
    KEPT_OUT = "kept_out", _("kept out")
    REVOKED = "revoked", _("revoked")
    SIGNED_IN = "signed_in", _("signed in")
    SIGNED_OUT = "signed_out", _("signed out")
    SIGN_IN_FAILED = "sign_in_failed", _("wrong password")
    LOCKED_OUT = "locked_out", _("locked out for a while")
    SESSION_ENDED = "session_ended", _("sign-in ended on another device")
    PASSWORD_CHANGED = "password_changed", _("password changed")
    PASSWORD_RESET = "password_reset", _("given a one-time password")
    LANGUAGE_CHANGED = "language_changed", _("language changed")


KINDS: dict[str, str | Promise] = {
    "campaigns.campaign": _("Campaign"),
    "campaigns.offer": _("Offer"),
    "campaigns.emailtemplate": _("E-mail"),
    "segmentation.segment": _("Segment"),
    "segmentation.clusterrun": _("Search for clusters"),
    "recommendations.modelversion": _("Model"),
    "recommendations.placement": _("Placement"),
    "crm.product": _("Product"),
    "crm.importrun": _("Import"),
    "crm.customer": _("Customer"),
    "crm.release": _("Release"),
    "crm.apikey": _("API key"),
    "crm.user": _("Colleague"),
    "circle": _("Circle"),
    "mailbox": _("Test inbox"),
    "sign_in": _("Sign-in"),
    "suppression": _("Do-not-mail list"),
    "activity": _("Activity"),
}
"""Kinds of things, by the label of the model in lower case, or a word of their own where there is no row."""

OF_ACCESS = ("crm.user", "crm.apikey", "sign_in", "activity")
"""Kinds that say what colleagues did to get in: for administrators only."""
