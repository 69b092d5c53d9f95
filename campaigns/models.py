"""The models of every room, where Django looks for them."""

from campaigns.emails.models import EmailTemplate, EmailText
from campaigns.messages.models import CompiledText, Message, TrackedLink
from campaigns.offers.models import Offer
from campaigns.planning.models import Campaign, CampaignCell
from campaigns.sending.lanes import SendingLane
from campaigns.sending.models import Delivery

__all__ = [
    "Campaign",
    "CampaignCell",
    "CompiledText",
    "Delivery",
    "EmailTemplate",
    "EmailText",
    "Message",
    "Offer",
    "SendingLane",
    "TrackedLink",
]
