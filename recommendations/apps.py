"""What next: learn, prove, publish."""

from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    """Learners, ranking, evaluation, registry, serving."""

    name = "recommendations"
    verbose_name = "Recommendations"
