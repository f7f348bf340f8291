"""The catalogue of plans: what each costs and allows. Pure data; the rows of the product's table of plans.

Limits: `content_assets`, `open_publications`, `connections` and `seats` count what exists; `ai_budget_microusd`
(millionths of a US dollar) and `ai_generations` (succeeded ones) count in a calendar month, UTC; `api_requests_per_day` counts in a day;
`analytics_days` is how far back analytics look. None is unlimited.
"""

from dataclasses import dataclass
from typing import Any

from accounts.models import Plan

Limits = dict[str, int | None]


@dataclass(frozen=True)
class Offer:
    """What one plan costs, in US cents, and allows."""

    monthly_cents: int
    yearly_cents: int
    limits: Limits


CATALOGUE: dict[Plan, Offer] = {
    Plan.FREE: Offer(
        monthly_cents=0,
        yearly_cents=0,
        limits={
            "content_assets": 5,
            "open_publications": 1,
            "ai_budget_microusd": 250_000,
            "ai_generations": 20,
            "api_requests_per_day": 1_000,
            "connections": 1,
            "seats": 1,
            "analytics_days": 30,
        },
    ),
    Plan.PRO: Offer(
        monthly_cents=29_00,
        yearly_cents=278_00,
        limits={
            "content_assets": 100,
            "open_publications": 30,
            "ai_budget_microusd": 10_000_000,
            "ai_generations": None,
            "api_requests_per_day": 50_000,
            "connections": 5,
            "seats": 3,
            "analytics_days": 365,
        },
    ),
    Plan.ENTERPRISE: Offer(
        monthly_cents=99_00,
        yearly_cents=950_00,
        limits={
            "content_assets": None,
            "open_publications": None,
            "ai_budget_microusd": 50_000_000,
            "ai_generations": None,
            "api_requests_per_day": 500_000,
            "connections": None,
            "seats": 25,
            "analytics_days": None,
        },
    ),
}
RANK: dict[str, int] = {plan.value: rank for rank, plan in enumerate(CATALOGUE)}


def limits_for(plan: str) -> dict[str, dict[str, Any]]:
    """Return each limit of `plan` as `{"value": int or None, "lifted_by": the cheapest plan that allows more, or None}`."""
    return {name: {"value": value, "lifted_by": _lifted_by(name, value)} for name, value in CATALOGUE[Plan(plan)].limits.items()}


def _lifted_by(name: str, value: int | None) -> str | None:
    if value is None:
        return None
    others = ((plan, offer.limits[name]) for plan, offer in CATALOGUE.items())
    return next((plan.value for plan, other in others if other is None or other > value), None)
