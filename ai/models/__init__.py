"""Models and their dated prices, and the generations that they write."""

from ai.models.catalogue import AiModel, Capability, ModelPrice, ProviderName, Tier
from ai.models.generations import FINAL, Generation, GenerationKind, GenerationStatus, UsageSource

__all__ = [
    "FINAL",
    "AiModel",
    "Capability",
    "Generation",
    "GenerationKind",
    "GenerationStatus",
    "ModelPrice",
    "ProviderName",
    "Tier",
    "UsageSource",
]
