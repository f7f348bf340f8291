"""The library and the home over HTTP: the API, and the pages."""

from content.views.library import AssetViewSet, EstimateView, GenerateView

__all__ = ["AssetViewSet", "EstimateView", "GenerateView"]
