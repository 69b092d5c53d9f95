"""What the settings of this installation choose for learning."""

from django.conf import settings

from recommendations.candidates.means import Means


def means() -> Means:
    """What learners may be fitted with here."""
    return Means(neural=settings.NEURAL)
