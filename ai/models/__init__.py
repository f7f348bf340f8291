"""Models and their dated prices, and the generations that they write."""

from ai.models.catalogue import AiModel, ModelPrice, ProviderName
from ai.models.generations import FINAL, Generation, GenerationKind, GenerationStatus, UsageSource

__all__ = ["FINAL", "AiModel", "Generation", "GenerationKind", "GenerationStatus", "ModelPrice", "ProviderName", "UsageSource"]
