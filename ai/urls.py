"""Addresses under /api/v1/ai."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from ai.views import (
    AzureSmokeView,
    AzureView,
    BudgetsView,
    ConfigView,
    GenerationViewSet,
    LedgerViewSet,
    ModelsView,
    PersonalizeView,
    QuickRepliesView,
    StatusView,
    SuggestView,
    UsageView,
    VerifyLedger,
)

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("ai/generations", GenerationViewSet, basename="generation")

urlpatterns = [
    path("ai/models", ModelsView.as_view(), name="ai-models"),
    path("ai/ledger", LedgerViewSet.as_view({"get": "list"}), name="ai-ledger"),
    path("ai/ledger/verify", VerifyLedger.as_view(), name="ai-ledger-verify"),
    path("ai/usage", UsageView.as_view(), name="ai-usage"),
    path("ai/budgets", BudgetsView.as_view(), name="ai-budgets"),
    path("ai/config", ConfigView.as_view(), name="ai-config"),
    path("ai/quick-replies", QuickRepliesView.as_view(), name="ai-quick-replies"),
    path("ai/quick-replies/suggest", SuggestView.as_view(), name="ai-quick-replies-suggest"),
    path("ai/messages/personalize", PersonalizeView.as_view(), name="ai-messages-personalize"),
    path("ai/status", StatusView.as_view(), name="ai-status"),
    path("ai/azure", AzureView.as_view(), name="ai-azure"),
    path("ai/azure/smoke", AzureSmokeView.as_view(), name="ai-azure-smoke"),
    *router.urls,
]
