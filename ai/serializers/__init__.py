"""The ai app as the API reads and shows it."""

from ai.serializers.catalogue import CatalogueSerializer, ModelListSerializer
from ai.serializers.generations import GenerationQuerySerializer, GenerationSerializer
from ai.serializers.ledger import (
    BudgetsSerializer,
    BudgetStatesSerializer,
    EstimateSerializer,
    LedgerEntrySerializer,
    LedgerQuerySerializer,
    UsageQuerySerializer,
    UsageSerializer,
)

__all__ = [
    "BudgetStatesSerializer",
    "BudgetsSerializer",
    "CatalogueSerializer",
    "EstimateSerializer",
    "GenerationQuerySerializer",
    "GenerationSerializer",
    "LedgerEntrySerializer",
    "LedgerQuerySerializer",
    "ModelListSerializer",
    "UsageQuerySerializer",
    "UsageSerializer",
]
