"""The ai app over HTTP."""

from ai.views.catalogue import ModelsView
from ai.views.generations import GenerationViewSet

__all__ = ["GenerationViewSet", "ModelsView"]
