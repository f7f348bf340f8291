"""Every write of the ai app."""

from ai.services import ledger
from ai.services.alerts import announce_retirements, watch_spending
from ai.services.budgets import NoSuchSubject, set_budgets
from ai.services.catalogue import PriceInForce, sync_models
from ai.services.config import set_config
from ai.services.feedback import rate_generation
from ai.services.generations import (
    attach_asset,
    cancel_generation,
    erase_streams,
    estimate_generation,
    request_generation,
    run_generation,
    sweep_generations,
)
from ai.services.moderation import Judgement, moderate
from ai.services.proof import drifts, report_drift
from ai.services.quick_replies import PLACEHOLDERS, WrongQuickReply, set_quick_replies
from ai.services.replies import personalize_message, suggest_replies
from ai.services.smoke import smoke_azure

__all__ = [
    "PLACEHOLDERS",
    "Judgement",
    "NoSuchSubject",
    "PriceInForce",
    "WrongQuickReply",
    "announce_retirements",
    "attach_asset",
    "cancel_generation",
    "drifts",
    "erase_streams",
    "estimate_generation",
    "ledger",
    "moderate",
    "personalize_message",
    "rate_generation",
    "report_drift",
    "request_generation",
    "run_generation",
    "set_budgets",
    "set_config",
    "set_quick_replies",
    "smoke_azure",
    "suggest_replies",
    "sweep_generations",
    "sync_models",
    "watch_spending",
]
