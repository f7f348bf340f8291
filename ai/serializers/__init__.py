"""The ai app as the API reads and shows it."""

from ai.serializers.catalogue import CatalogueSerializer, ModelListSerializer
from ai.serializers.generations import GenerationQuerySerializer, GenerationSerializer

__all__ = ["CatalogueSerializer", "GenerationQuerySerializer", "GenerationSerializer", "ModelListSerializer"]
