"""Models and their dated prices, the generations that they write, how a workspace wants them, and the ledger of what these cost."""

from ai.models.catalogue import AiModel, Capability, ModelPrice, ProviderName, Tier
from ai.models.config import LANGUAGES, AiConfig, PrivacyTier, QualityFloor
from ai.models.feedback import FeedbackRating, GenerationFeedback
from ai.models.generations import CONTENT_CHOICES, FINAL, PERSONAL_KINDS, USED, Generation, GenerationKind, GenerationStatus, UsageSource
from ai.models.ledger import LEDGER, AiAlert, AiAlertKind, Budget, BudgetLevel, BudgetPeriod, EntryKind, LedgerCheckpoint, LedgerEntry
from ai.models.quick_replies import QuickReply
from ai.models.shadows import ShadowSample

__all__ = [
    "CONTENT_CHOICES",
    "FINAL",
    "LANGUAGES",
    "LEDGER",
    "PERSONAL_KINDS",
    "USED",
    "AiAlert",
    "AiAlertKind",
    "AiConfig",
    "AiModel",
    "Budget",
    "BudgetLevel",
    "BudgetPeriod",
    "Capability",
    "EntryKind",
    "FeedbackRating",
    "Generation",
    "GenerationFeedback",
    "GenerationKind",
    "GenerationStatus",
    "LedgerCheckpoint",
    "LedgerEntry",
    "ModelPrice",
    "PrivacyTier",
    "ProviderName",
    "QualityFloor",
    "QuickReply",
    "ShadowSample",
    "Tier",
    "UsageSource",
]
