"""Addresses of the pages."""

from django.urls import path, re_path

from segmentation.views import builder, clusters, segments

app_name = "segmentation"
urlpatterns = [
    path("", segments.segments, name="segments"),
    path("new/", builder.segment_new, name="segment_new"),
    path("preview/", builder.segment_preview, name="segment_preview"),
    path("start/<slug:key>/", segments.segment_start, name="segment_start"),
    path("clusters/", clusters.clusters, name="clusters"),
    path("clusters/<int:pk>/", clusters.cluster_run, name="cluster_run"),
    path("clusters/<int:pk>/cancel/", clusters.cluster_cancel, name="cluster_cancel"),
    path("<int:pk>/", segments.segment, name="segment"),
    path("<int:pk>/edit/", builder.segment_edit, name="segment_edit"),
    path("<int:pk>/archive/", segments.segment_archive, name="segment_archive"),
    path("<int:pk>/restore/", segments.segment_restore, name="segment_restore"),
    path("<int:pk>/rename/", segments.segment_rename, name="segment_rename"),
    re_path(r"^(?P<pk>\d+)/export\.(?P<form>csv|ndjson)$", segments.segment_export, name="segment_export"),
]
