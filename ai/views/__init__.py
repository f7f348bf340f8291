"""The ai app over HTTP."""

from ai.views.catalogue import ModelsView
from ai.views.config import ConfigView
from ai.views.generations import GenerationViewSet
from ai.views.health import AzureSmokeView, AzureView, StatusView
from ai.views.ledger import BudgetsView, LedgerViewSet, UsageView, VerifyLedger
from ai.views.quick_replies import QuickRepliesView
from ai.views.replies import PersonalizeView, SuggestView

__all__ = [
    "AzureSmokeView",
    "AzureView",
    "BudgetsView",
    "ConfigView",
    "GenerationViewSet",
    "LedgerViewSet",
    "ModelsView",
    "PersonalizeView",
    "QuickRepliesView",
    "StatusView",
    "SuggestView",
    "UsageView",
    "VerifyLedger",
]
