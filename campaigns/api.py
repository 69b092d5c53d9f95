"""REST API of campaigns, deliveries and offers: to read, newest first, a page at a time. No row names anyone."""

from typing import Any

from django.db.models import Count
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError

from campaigns.offers.models import Offer
from campaigns.offers.wording import in_words
from campaigns.planning.models import Campaign, CampaignCell
from campaigns.planning.progress import progress
from campaigns.sending.models import Delivery
from lib.outside import whole

STATES = {state.name.lower(): state for state in Delivery.State}


class CellSerializer(serializers.ModelSerializer[CampaignCell]):
    """One row of a campaign's matrix."""

    class Meta:
        model = CampaignCell
        fields = ["id", "position", "segment", "offer", "template"]
        read_only_fields = fields


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """A campaign in a list."""

    rows = serializers.IntegerField(read_only=True, help_text="Rows of the matrix.")

    class Meta:
        model = Campaign
        fields = ["id", "name", "state", "scheduled_at", "frozen_at", "finished_at", "created_at", "updated_at", "rows"]
        read_only_fields = fields


class CountsSerializer(serializers.Serializer[Any]):
    """How far a campaign's sending is."""

    total = serializers.IntegerField(help_text="Deliveries to be sent, without those suppressed or cancelled.")
    waiting = serializers.IntegerField()
    sent = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Failed or unknown.")
    clicked = serializers.IntegerField()


class CampaignDetailSerializer(CampaignSerializer):
    """A campaign with its matrix and its progress."""

    cells = CellSerializer(many=True, read_only=True)
    deliveries = serializers.SerializerMethodField()

    class Meta:
        model = Campaign
        fields = [
            *CampaignSerializer.Meta.fields,
            "sender_name",
            "sender_address",
            "recommended",
            "cells",
            "deliveries",
        ]
        read_only_fields = fields

    @extend_schema_field(CountsSerializer(allow_null=True))
    def get_deliveries(self, campaign: Campaign) -> dict[str, Any] | None:
        """Return the counts of deliveries, null before the campaign has started."""
        found = progress([campaign]).get(campaign.pk)
        return dict(CountsSerializer(found).data) if found else None


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One line of the ledger: a pseudonym, a campaign, what became of the mail."""

    campaign = serializers.SerializerMethodField()
    customer = serializers.UUIDField(source="customer.uuid", read_only=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id",
            "key",
            "message",
            "campaign",
            "customer",
            "segment",
            "offer",
            "language",
            "state",
            "reason",
            "attempts",
            "sent_at",
            "opened_at",
            "clicked_at",
            "unsubscribed_at",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_campaign(self, delivery: Delivery) -> int | None:
        """Return the campaign whose message it is; null when something else owns it."""
        owner = getattr(delivery.message, "campaign", None)
        return owner.pk if owner else None

    @extend_schema_field(serializers.ChoiceField(choices=sorted(STATES)))
    def get_state(self, delivery: Delivery) -> str:
        """Return the state's name."""
        return Delivery.State(delivery.state).name.lower()


class OfferSerializer(serializers.ModelSerializer[Offer]):
    """An offer, with its value in words."""

    words_en = serializers.SerializerMethodField()
    words_zh = serializers.SerializerMethodField()

    class Meta:
        model = Offer
        fields = [
            "id",
            "name",
            "name_zh",
            "kind",
            "value",
            "words_en",
            "words_zh",
            "code",
            "department",
            "url",
            "valid_from",
            "valid_until",
            "archived_at",
            "created_at",
        ]
        read_only_fields = fields

    def get_words_en(self, offer: Offer) -> str:
        """Return what the offer is worth, in English."""
        return in_words(offer, "en")

    def get_words_zh(self, offer: Offer) -> str:
        """Return what the offer is worth, in Chinese."""
        return in_words(offer, "zh-hans")


class CampaignList(generics.ListAPIView[Campaign]):
    """All campaigns, newest first."""

    serializer_class = CampaignSerializer

    def get_queryset(self) -> Any:
        """Return the campaigns, narrowed by state when asked."""
        found = Campaign.objects.annotate(rows=Count("cells"))
        if state := self.request.query_params.get("state"):
            found = found.filter(state=_known(state, Campaign.State.values, "state"))
        return found

    @extend_schema(parameters=[OpenApiParameter("state", str, enum=Campaign.State.values)])
    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Return one page."""
        return super().get(*args, **kwargs)


class CampaignDetail(generics.RetrieveAPIView[Campaign]):
    """One campaign."""

    serializer_class = CampaignDetailSerializer
    queryset = Campaign.objects.annotate(rows=Count("cells")).prefetch_related("cells")


class DeliveryList(generics.ListAPIView[Delivery]):
    """The ledger, newest first: did she get it, and if not, why?"""

    serializer_class = DeliverySerializer

    def get_queryset(self) -> Any:
        """Return the deliveries, narrowed by campaign, state and customer when asked."""
        asked = self.request.query_params
        found = Delivery.objects.select_related("customer", "message__campaign")
        if campaign := asked.get("campaign"):
            owner = Campaign.objects.filter(pk=_number(campaign, "campaign")).first()
            found = found.filter(message=owner.message_id) if owner and owner.message_id else found.none()
        if state := asked.get("state"):
            found = found.filter(state=STATES[_known(state, STATES, "state")])
        if customer := asked.get("customer"):
            field = serializers.UUIDField()
            found = found.filter(customer__uuid=field.run_validation(customer))
        return found

    @extend_schema(
        parameters=[
            OpenApiParameter("campaign", int),
            OpenApiParameter("state", str, enum=sorted(STATES)),
            OpenApiParameter("customer", str, description="Public id (UUID)."),
        ]
    )
    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Return one page."""
        return super().get(*args, **kwargs)


class OfferList(generics.ListAPIView[Offer]):
    """All offers, archived ones too, newest first."""

    serializer_class = OfferSerializer
    queryset = Offer.objects.all()


class OfferDetail(generics.RetrieveAPIView[Offer]):
    """One offer."""

    serializer_class = OfferSerializer
    queryset = Offer.objects.all()


def _known(text: str, known: Any, name: str) -> str:
    if text not in known:
        raise ValidationError({name: [f"Unknown {name}."]})
    return text


def _number(text: str, name: str) -> int:
    number = whole(text)
    if number is None:
        raise ValidationError({name: ["A whole number is needed."]})
    return number


urlpatterns = [
    path("campaigns/", CampaignList.as_view(), name="api_campaigns"),
    path("campaigns/<int:pk>/", CampaignDetail.as_view(), name="api_campaign"),
    path("deliveries/", DeliveryList.as_view(), name="api_deliveries"),
    path("offers/", OfferList.as_view(), name="api_offers"),
    path("offers/<int:pk>/", OfferDetail.as_view(), name="api_offer"),
]
