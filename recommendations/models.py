"""The models of every room, where Django looks for them."""

from recommendations.registry.models import Changeover, ModelVersion
from recommendations.serving.models import Favourites, Neighbours, Placement, Recommendation, Shown

__all__ = ["Changeover", "Favourites", "ModelVersion", "Neighbours", "Placement", "Recommendation", "Shown"]
