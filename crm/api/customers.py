"""Customers over REST: a pseudonym and coarse attributes; addresses only for keys that may see them, and logged."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import acts
from crm.access.verbs import Verb
from crm.api.authentication import actor_of, may_see_contact
from crm.api.pagination import KeysetPagination
from crm.consents.purposes import keys_of
from crm.customers.models import Customer
from crm.privacy import reveal

CONTACT = OpenApiParameter(
    "contact", bool, description="Add e-mail, phone and name. Needs the scope read_contact; each answer is logged."
)


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    """A customer as programs see one."""

    permissions = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        fields = [
            "uuid",
            "external_id",
            "state",
            "language",
            "timezone",
            "country",
            "region",
            "age_band",
            "gender",
            "attributes",
            "permissions",
            "first_seen",
            "last_seen",
        ]
        read_only_fields = fields

    def get_permissions(self, customer: Customer) -> list[str]:
        """Return the purposes the person allows."""
        return keys_of(customer.permission)


def with_contact(request: Request, customers: list[Customer], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add contact data to rows when the caller asked for it and may have it.

    Raises PermissionDenied when the caller asked and may not.
    """
    if request.query_params.get("contact") not in {"1", "true"}:
        return rows
    if not may_see_contact(request):
        raise PermissionDenied("Contact data needs the scope read_contact.")
    ids = [customer.pk for customer in customers]
    with transaction.atomic(durable=True):
        opened = dict(reveal.export_contacts(ids, actor=actor_of(request), reason="REST API"))
        acts.record(
            by=actor_of(request), verb=Verb.CONTACTS_EXPORTED, on="crm.customer", people=len(opened), form="api"
        )
    for customer, row in zip(customers, rows, strict=True):
        row["contact"] = opened.get(customer.pk, {})
    return rows


class CustomerList(generics.ListAPIView[Customer]):
    """All customers, newest first, a page at a time."""

    serializer_class = CustomerSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> Any:
        """Return the customers, narrowed by country, language, state and external id when asked."""
        found = Customer.objects.filter(canary=False)
        for name in ("country", "language", "state", "external_id"):
            if value := self.request.query_params.get(name):
                found = found.filter(**{name: value})
        return found

    @extend_schema(
        parameters=[
            CONTACT,
            *(OpenApiParameter(name, str) for name in ("country", "language", "state", "external_id")),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one page."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        rows = [dict(row) for row in self.get_serializer(page, many=True).data]
        return self.get_paginated_response(with_contact(request, list(page), rows))


class CustomerDetail(generics.RetrieveAPIView[Customer]):
    """One customer, by public id."""

    serializer_class = CustomerSerializer
    queryset = Customer.objects.filter(canary=False)
    lookup_field = "uuid"

    @extend_schema(parameters=[CONTACT])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the customer."""
        customer = self.get_object()
        return Response(with_contact(request, [customer], [dict(self.get_serializer(customer).data)])[0])
