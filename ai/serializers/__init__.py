"""The ai app as the API reads and shows it."""

from ai.serializers.catalogue import CatalogueSerializer, ModelListSerializer
from ai.serializers.config import ConfigSerializer
from ai.serializers.feedback import FeedbackSerializer
from ai.serializers.generations import GenerationQuerySerializer, GenerationSerializer
from ai.serializers.health import AzureSetupSerializer, ProviderStatusListSerializer, SmokeOrderSerializer, SmokeSerializer
from ai.serializers.ledger import (
    BudgetsSerializer,
    BudgetStatesSerializer,
    EstimateSerializer,
    LedgerEntrySerializer,
    LedgerQuerySerializer,
    UsageQuerySerializer,
    UsageSerializer,
)
from ai.serializers.quick_replies import QuickRepliesSerializer, QuickReplyListSerializer
from ai.serializers.replies import PersonalizeSerializer, SuggestSerializer

__all__ = [
    "AzureSetupSerializer",
    "BudgetStatesSerializer",
    "BudgetsSerializer",
    "CatalogueSerializer",
    "ConfigSerializer",
    "EstimateSerializer",
    "FeedbackSerializer",
    "GenerationQuerySerializer",
    "GenerationSerializer",
    "LedgerEntrySerializer",
    "LedgerQuerySerializer",
    "ModelListSerializer",
    "PersonalizeSerializer",
    "ProviderStatusListSerializer",
    "QuickRepliesSerializer",
    "QuickReplyListSerializer",
    "SmokeOrderSerializer",
    "SmokeSerializer",
    "SuggestSerializer",
    "UsageQuerySerializer",
    "UsageSerializer",
]
