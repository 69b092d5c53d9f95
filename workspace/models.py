"""The models of every room, where Django looks for them."""

from workspace.dashboard.models import DayFigures, ShopFigures

__all__ = ["DayFigures", "ShopFigures"]
