"""The models of every room, where Django looks for them."""

from crm.access.models import Act, ApiKey, User
from crm.catalog.models import Product
from crm.changes.models import News, NewsReader, SignalWanted
from crm.consents.models import ConsentEvent
from crm.customers.models import AnonymousId, Customer, Identity
from crm.ingest.models import ImportRun
from crm.interactions.models import Interaction
from crm.privacy.models import Opening, PersonKey, Release, Suppression

__all__ = [
    "Act",
    "AnonymousId",
    "ApiKey",
    "ConsentEvent",
    "Customer",
    "Identity",
    "ImportRun",
    "Interaction",
    "News",
    "NewsReader",
    "Opening",
    "PersonKey",
    "Product",
    "Release",
    "SignalWanted",
    "Suppression",
    "User",
]
