"""Purposes a person can allow, as bits. A bit, once given out, is never reused."""

from enum import IntFlag

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Purpose(IntFlag):
    """What personal data may be used for. Everything but service is off until the person says yes."""

    SERVICE = 1
    ANALYTICS = 2
    PROFILING = 4
    RECOMMENDATION = 8
    MODEL_TRAINING = 16
    EMAIL_MARKETING = 32
    OPEN_TRACKING = 64
    CLICK_TRACKING = 128
    SMS = 256
    SHARE_THIRD_PARTY = 512


LABELS: dict[Purpose, str | Promise] = {
    Purpose.SERVICE: _("Service"),
    Purpose.ANALYTICS: _("Analytics"),
    Purpose.PROFILING: _("Profiling"),
    Purpose.RECOMMENDATION: _("Personal recommendations"),
    Purpose.MODEL_TRAINING: _("Training of models"),
    Purpose.EMAIL_MARKETING: _("E-mail marketing"),
    Purpose.OPEN_TRACKING: _("Open tracking"),
    Purpose.CLICK_TRACKING: _("Click tracking"),
    Purpose.SMS: _("Text messages"),
    Purpose.SHARE_THIRD_PARTY: _("Sharing with third parties"),
}
BY_KEY: dict[str, Purpose] = {purpose.name.lower(): purpose for purpose in Purpose if purpose.name}

# Objecting to e-mail marketing is also an objection to the profiling and tracking done for it and to giving the address
# to others for theirs (GDPR Article 21, paragraphs 2 and 3).
MARKETING_OBJECTION = (
    Purpose.EMAIL_MARKETING
    | Purpose.PROFILING
    | Purpose.RECOMMENDATION
    | Purpose.OPEN_TRACKING
    | Purpose.CLICK_TRACKING
    | Purpose.SHARE_THIRD_PARTY
)


def keys_of(bits: int) -> list[str]:
    """Return the keys of the purposes in a bitmap, in the order of their bits."""
    return [key for key, purpose in BY_KEY.items() if bits & purpose]
