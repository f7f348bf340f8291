"""Addresses under /api/v1/ai."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from ai.views import GenerationViewSet, ModelsView

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("ai/generations", GenerationViewSet, basename="generation")

urlpatterns = [path("ai/models", ModelsView.as_view(), name="ai-models"), *router.urls]
