"""Reads that span tables or aggregate."""

from ai.queries.budgets import budgets_of, spent_of_plan_microusd
from ai.queries.catalogue import Offer, PricedModel, catalogue, offer
from ai.queries.config import config_of
from ai.queries.days import usage_by_day
from ai.queries.generations import count_generations_this_month, has_generated
from ai.queries.health import azure_deployments, azure_setup, provider_statuses
from ai.queries.privacy import may_read
from ai.queries.prompts import PromptVersion, prompt_versions
from ai.queries.quick_replies import quick_replies_of
from ai.queries.spending import Spending, spending_by_model
from ai.queries.usage import usage

__all__ = [
    "Offer",
    "PricedModel",
    "PromptVersion",
    "Spending",
    "azure_deployments",
    "azure_setup",
    "budgets_of",
    "catalogue",
    "config_of",
    "count_generations_this_month",
    "has_generated",
    "may_read",
    "offer",
    "prompt_versions",
    "provider_statuses",
    "quick_replies_of",
    "spending_by_model",
    "spent_of_plan_microusd",
    "usage",
    "usage_by_day",
]
