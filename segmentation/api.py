"""Segments over REST: what there is, who is in, and everyone at once, streamed."""

from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from crm.api.authentication import actor_of, may_see_contact
from crm.api.pagination import KeysetPagination
from segmentation.segments import edit, members
from segmentation.segments.models import Membership, Segment
from segmentation.segments.writing import csv_lines, ndjson_lines

FORMATS = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
CONTACT = OpenApiParameter(
    "contact", bool, description="Add e-mail, phone and name. Needs the scope read_contact; each answer is logged."
)
FORM = OpenApiParameter("form", str, enum=list(FORMATS), description="csv (the default) or ndjson")


class SegmentSerializer(serializers.ModelSerializer[Segment]):
    """A segment as programs see one."""

    class Meta:
        model = Segment
        fields = (
            "id", "name", "description", "translations", "kind", "rule", "size", "refreshed_at", "archived_at",
            "created_at",
        )  # fmt: skip
        read_only_fields = fields


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A member: a pseudonym, and since when."""

    customer = serializers.UUIDField(source="customer.uuid", read_only=True)
    external_id = serializers.SerializerMethodField()

    class Meta:
        model = Membership
        fields = ("customer", "external_id", "since")
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.STR)
    def get_external_id(self, membership: Membership) -> str:
        """Return the id the shop knows the customer by."""
        return membership.customer.external_id or ""


class MemberPagination(KeysetPagination):
    """In the order they came, up to 1,000 a page (`?limit=`)."""

    ordering = "id"


class Streamed(BaseContentNegotiation):
    """The answer is written by us, whatever the caller says it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Take the first."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Take the first; it writes errors only."""
        return renderers[0], renderers[0].media_type


class SegmentList(generics.ListAPIView[Segment]):
    """All segments in use, newest first; with `?archived=1` those put away."""

    serializer_class = SegmentSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> Any:
        """Return the segments asked for."""
        return Segment.objects.filter(archived_at__isnull=self.request.query_params.get("archived") != "1")


class SegmentDetail(generics.RetrieveAPIView[Segment]):
    """One segment."""

    serializer_class = SegmentSerializer
    queryset = Segment.objects.all()


class SegmentMembers(generics.ListAPIView[Membership]):
    """Who is in a segment now, a page at a time."""

    serializer_class = MemberSerializer
    pagination_class = MemberPagination
    queryset = Membership.objects.none()

    def get_queryset(self) -> Any:
        """Return the current members of the segment in the address."""
        segment = _segment(self.kwargs["pk"])
        return Membership.objects.current().filter(segment=segment).select_related("customer")


class SegmentExport(APIView):
    """Everyone in a segment, streamed."""

    content_negotiation_class = Streamed

    @extend_schema(parameters=[FORM, CONTACT], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, pk: int) -> StreamingHttpResponse:
        """Stream the members as CSV or NDJSON; contact data only for callers who may see it, each opening logged."""
        form = request.query_params.get("form", "csv")
        if form not in FORMATS:
            raise NotFound("The form is csv or ndjson.")
        segment = _segment(pk)
        columns: tuple[str, ...] = members.COLUMNS
        rows: Iterator[dict[str, Any]] = members.export(segment)
        with_contact = request.query_params.get("contact") in {"1", "true"}
        if with_contact:
            if not may_see_contact(request):
                raise PermissionDenied("Contact data needs the scope read_contact.")
            columns = (*members.COLUMNS, *members.CONTACT)
            rows = members.export_with_contact(segment, actor=actor_of(request))
        edit.note_export(segment=segment, form=form, with_contact=with_contact, by=actor_of(request))
        lines = csv_lines(columns, rows) if form == "csv" else ndjson_lines(rows)
        answer = StreamingHttpResponse(lines, content_type=FORMATS[form])
        answer["Content-Disposition"] = f'attachment; filename="segment-{pk}.{form}"'
        answer["Cache-Control"] = "no-store"
        return answer


def _segment(pk: int) -> Segment:
    segment = Segment.objects.filter(pk=pk).first()
    if segment is None:
        raise NotFound("There is no such segment.")
    return segment


urlpatterns = [
    path("segments/", SegmentList.as_view(), name="api_segments"),
    path("segments/<int:pk>/", SegmentDetail.as_view(), name="api_segment"),
    path("segments/<int:pk>/members/", SegmentMembers.as_view(), name="api_segment_members"),
    path("segments/<int:pk>/export/", SegmentExport.as_view(), name="api_segment_export"),
]
