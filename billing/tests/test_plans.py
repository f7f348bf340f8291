import pytest

from billing.plans import CATALOGUE, limits_for

MONTH_AND_YEAR = {"free": (0, 0), "pro": (2900, 27800), "enterprise": (9900, 95000)}
# The product's table of plans: free, pro, enterprise; None is unlimited.
TABLE = {
    "content_assets": (5, 100, None),
    "open_publications": (1, 30, None),
    "ai_budget_microusd": (250_000, 10_000_000, 50_000_000),
    "ai_generations": (20, None, None),
    "api_requests_per_day": (1_000, 50_000, 500_000),
    "connections": (1, 5, None),
    "seats": (1, 3, 25),
    "analytics_days": (30, 365, None),
}


def test_catalogue_has_the_limits_of_the_table():
    assert {name: tuple(offer.limits[name] for offer in CATALOGUE.values()) for name in CATALOGUE["free"].limits} == TABLE


def test_catalogue_has_the_prices_of_the_table():
    assert {plan.value: (offer.monthly_cents, offer.yearly_cents) for plan, offer in CATALOGUE.items()} == MONTH_AND_YEAR


def test_every_plan_has_every_limit():
    assert [list(offer.limits) for offer in CATALOGUE.values()] == [list(TABLE)] * 3


@pytest.mark.parametrize(
    ("plan", "limit", "entry"),
    [
        ("free", "content_assets", {"value": 5, "lifted_by": "pro"}),
        ("pro", "content_assets", {"value": 100, "lifted_by": "enterprise"}),
        ("enterprise", "content_assets", {"value": None, "lifted_by": None}),
        ("free", "ai_generations", {"value": 20, "lifted_by": "pro"}),
        ("enterprise", "seats", {"value": 25, "lifted_by": None}),
    ],
)
def test_limit_names_the_cheapest_plan_that_lifts_it(plan, limit, entry):
    assert limits_for(plan)[limit] == entry
