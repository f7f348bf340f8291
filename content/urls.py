"""Addresses under /api/v1/content."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from content.views import AssetViewSet, EstimateView, GenerateView

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("content/assets", AssetViewSet, basename="asset")

urlpatterns = [
    path("content/generate", GenerateView.as_view(), name="content-generate"),
    path("ai/estimate", EstimateView.as_view(), name="ai-estimate"),
    *router.urls,
]
