"""What the settings of this installation choose for learning."""

from django.conf import settings

from lib.spark_settings import SparkConfig
from recommendations.candidates.means import Means


def means() -> Means:
    """What learners may be fitted with here. Raises ValueError for an engine nobody knows."""
    spark = SparkConfig(settings.SPARK_MASTER, settings.SPARK_MEMORY_MB, settings.SPARK_DIR)
    return Means(settings.NEURAL, settings.ENGINE, spark)
