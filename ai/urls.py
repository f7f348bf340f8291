"""Addresses under /api/v1/ai."""

from rest_framework.routers import SimpleRouter

from ai.views import GenerationViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("ai/generations", GenerationViewSet, basename="generation")

urlpatterns = router.urls
