"""Who is alike: portraits, then groups."""

from django.apps import AppConfig


class SegmentationConfig(AppConfig):
    """Portraits, rules, clusters, segments."""

    name = "segmentation"
    verbose_name = "Segmentation"
