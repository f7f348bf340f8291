"""The ai app over HTTP."""

from ai.views.catalogue import ModelsView
from ai.views.generations import GenerationViewSet
from ai.views.ledger import BudgetsView, LedgerViewSet, UsageView, VerifyLedger

__all__ = ["BudgetsView", "GenerationViewSet", "LedgerViewSet", "ModelsView", "UsageView", "VerifyLedger"]
