"""Keep a product out of recommendations, or let it back in. What is shown follows at once; lists need not be remade."""

from django.db import transaction

from crm.access import acts
from crm.access.acts import By
from crm.access.verbs import Verb
from crm.catalog.models import Product
from crm.changes.tell import Topic, tell


@transaction.atomic(durable=True)
def exclude(*, product: Product, excluded: bool, by: By = None) -> Product:
    """Set whether a product is excluded from recommendations, and return it."""
    product.recommendable = not excluded
    product.save(update_fields=["recommendable", "updated_at"])
    tell(Topic.PRODUCTS, facts=[product.pk])
    acts.record(by=by, verb=Verb.EXCLUDED if excluded else Verb.INCLUDED, on=product)
    return product
