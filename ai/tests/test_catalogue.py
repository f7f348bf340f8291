"""The catalogue of models and dated prices: read over HTTP, changed from a file."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ai import pricing, queries, services
from ai.models import AiModel, ModelPrice
from ai.providers.base import Usage
from huntaze.models import AuditEntry

MODELS = "/api/v1/ai/models"
PRICE = {"starts_at": "2026-11-01T00:00:00Z", "input": 100, "cached": 10, "output": 500}
NEW = {"provider": "compatible", "name": "own-model", "tier": "small", "regions": ["eu"], "capabilities": ["schema"], "prices": [PRICE]}


@pytest.fixture
def sync(tmp_path):
    """Return a function that runs the command over a document and returns what it prints."""

    def run(*models, options=("--apply",)):
        (tmp_path / "models.json").write_text(json.dumps({"models": models}))
        call_command("syncmodels", str(tmp_path / "models.json"), *options, stdout=(out := StringIO()))
        return out.getvalue().splitlines()

    return run


def listed(api):
    return {(row["provider"], row["name"]): row for row in api.get(MODELS).json()["data"]}


def test_catalogue_shows_a_model_with_its_price_and_its_end(api, catalogue):
    shown = listed(api)["azure", "gpt-4o-mini"]
    assert {name: value for name, value in shown.items() if name != "id"} == {
        "provider": "azure",
        "name": "gpt-4o-mini",
        "tier": "small",
        "regions": [],
        "capabilities": ["schema", "temperature", "seed"],
        "context_tokens": None,
        "retires_on": "2027-04-14",
        "configured": False,
        "price": {
            "starts_at": "2026-11-01T00:00:00Z",
            "input": 150_000,
            "cached": 75_000,
            "cache_write": None,
            "output": 600_000,
            "batch_input": None,
            "batch_output": None,
        },
        "next_price": None,
    }


def test_price_to_come_is_shown_beside_the_one_in_force(api, catalogue):
    model = catalogue.get(provider="anthropic", name="claude-opus-5-5")
    starts_at = (timezone.now() + timedelta(days=30)).replace(microsecond=0)
    model.prices.create(starts_at=starts_at, input_price=3_000_000, cached_price=150_000, output_price=15_000_000)
    shown = listed(api)["anthropic", "claude-opus-5-5"]
    assert (shown["price"]["input"], shown["price"]["cache_write"], shown["next_price"]["input"]) == (4_000_000, 5_000_000, 3_000_000)


def test_retired_and_disabled_models_are_not_shown(api, catalogue):
    catalogue.filter(name="gpt-4o").update(retires_on="2020-01-01")
    catalogue.filter(name="gpt-4o-mini").update(enabled=False)
    assert {name for _provider, name in listed(api) if name.startswith("gpt-4o")} == set()


def test_provider_of_the_settings_is_configured(api, catalogue, settings):
    settings.OPENAI_API_KEY = "sk-any"
    assert {provider for (provider, _name), row in listed(api).items() if row["configured"]} == {"openai"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("added", [0, 10])
def test_catalogue_takes_three_statements(api, catalogue, added, django_assert_num_queries):
    for number in range(added):
        AiModel.objects.create(provider="openai", name=f"m-{number}").prices.create(
            starts_at="2026-11-01T00:00Z", input_price=1, cached_price=1, output_price=1
        )
    expected = catalogue.filter(enabled=True).count()
    with django_assert_num_queries(3):  # the caller, the models, their prices
        assert len(api.get(MODELS).json()["data"]) == expected


def offered(workspace, **spender) -> list[queries.PricedModel]:
    return list(queries.offer(workspace_id=workspace.id, **spender).models)


def test_offer_is_made_by_one_statement(catalogue, workspace, settings, django_assert_num_queries):
    settings.OPENAI_API_KEY = "sk-any"
    with django_assert_num_queries(1):
        luna = next(model for model in offered(workspace) if model.name == "gpt-6-luna")
    assert (luna.key, luna.tier, luna.cache_write_price, luna.sent_name, luna.stand_in) == (
        ("openai", "gpt-6-luna"),
        "small",
        125_000,
        "gpt-6-luna",
        False,
    )


def test_offer_without_a_provider_makes_no_statement(workspace, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert offered(workspace) == []


def test_model_without_a_price_in_force_is_not_offered(catalogue, workspace, settings):
    settings.OPENAI_API_KEY = "sk-any"
    model = AiModel.objects.create(provider="openai", name="brand-new")
    model.prices.create(starts_at="2090-01-01T00:00Z", input_price=1, cached_price=1, output_price=1)
    assert "brand-new" not in [one.name for one in offered(workspace)]


def test_embedded_model_needs_no_row_is_named_by_its_file_and_stands_in(workspace, settings):
    settings.LOCAL_AI_URL = "http://127.0.0.1:1"
    (model,) = offered(workspace)
    assert (model.key, model.regions, model.languages, model.input_price + model.output_price, model.stand_in) == (
        ("local", "SmolLM2-135M-Instruct.Q4_1"),
        {"local"},
        {"en"},
        0,
        True,
    )


def test_server_of_ones_own_keeps_texts_on_the_operators_machines_whatever_its_row_says(workspace, settings):
    settings.AI_BASE_URL = "http://127.0.0.1:1/v1"
    model = AiModel.objects.create(provider="compatible", name="qwen", regions=["eu"], tier="strong")
    model.prices.create(starts_at="2026-01-01T00:00Z", input_price=0, cached_price=0, output_price=0)
    assert [(one.name, one.tier, one.regions) for one in offered(workspace)] == [("qwen", "strong", {"eu", "local"})]


def test_terms_are_those_of_the_workspace_and_its_budgets(catalogue, workspace, owner, settings):
    settings.OPENAI_API_KEY = "sk-any"
    services.set_config(workspace_id=workspace.id, fields={"privacy_tier": "eu_only", "quality_floor": "97"})
    services.set_budgets(
        workspace_id=workspace.id, budgets=[{"level": "member", "subject_id": owner.id, "period": "day", "limit_microusd": 7}]
    )
    terms = queries.offer(workspace_id=workspace.id, member_id=owner.id).terms
    assert (terms.privacy, terms.floor, terms.plan, terms.budget_nanousd) == ("eu_only", "97", "free", 7000)
    assert queries.offer(workspace_id=workspace.id).terms.budget_nanousd == 250_000_000


def test_document_adds_a_model_with_its_price(db, sync):
    lines = sync(NEW)
    model = AiModel.objects.get(provider="compatible")
    assert (model.tier, model.regions, model.capabilities, model.price.output_price, model.price.batch_input_price) == (
        "small",
        ["eu"],
        ["schema"],
        500,
        None,
    )
    assert lines == [
        "compatible/own-model: new",
        "compatible/own-model: price from 2026-11-01 00:00 100/10/500, new",
        "2 changes made.",
    ]


def test_document_is_only_printed_without_apply(db, sync):
    lines = sync(NEW, options=())
    assert (AiModel.objects.filter(provider="compatible").count(), AuditEntry.objects.count(), lines[-1]) == (
        0,
        0,
        "2 changes found; --apply makes them.",
    )


def test_document_changes_what_it_names_and_nothing_else(catalogue, sync):
    lines = sync({"provider": "openai", "name": "gpt-6-luna", "rank": 55})
    model = catalogue.get(provider="openai", name="gpt-6-luna")
    assert (model.rank, model.tier, model.prices.count(), lines) == (
        55,
        "small",
        2,
        ["openai/gpt-6-luna: rank 10 → 55", "1 changes made."],
    )


def test_same_document_again_changes_nothing(db, sync):
    sync(NEW)
    assert sync(NEW) == ["0 changes made."]


def test_changes_are_audited(db, sync):
    sync(NEW)
    sync(NEW | {"rank": 5, "prices": [PRICE | {"starts_at": "2037-01-01T00:00:00Z"}]})
    sync(NEW | {"prices": [PRICE | {"starts_at": "2037-01-01T00:00:00Z", "output": 600}]})
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "model.create",
        "price.create",
        "model.update",
        "price.create",
        "price.update",
    ]


@pytest.mark.parametrize(
    ("price", "message"),
    [({"output": 600}, "has begun and stays as it is"), ({"starts_at": "2020-01-01T00:00:00Z"}, "A later price is in force already")],
)
def test_document_does_not_change_what_was_charged(db, sync, price, message):
    sync(NEW)
    with pytest.raises(CommandError, match=message):
        sync(NEW | {"rank": 1, "prices": [PRICE | price]})
    assert (AiModel.objects.get(provider="compatible").rank, ModelPrice.objects.filter(model__provider="compatible").count()) == (100, 1)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"tier": "huge"}, "tier"),
        ({"speed": 9}, "no such field"),
        ({"prices": [{"input": 1}]}, "starts_at"),
        ({"rank": "5"}, "whole number"),
    ],
)
def test_wrong_document_is_refused_with_its_fault(db, sync, entry, message):
    with pytest.raises(CommandError, match=message):
        sync(NEW | entry)


TOKENS = st.integers(0, 10**7)
PRICES = st.integers(0, 10**8)


@given(st.tuples(TOKENS, TOKENS, TOKENS, TOKENS), st.tuples(PRICES, PRICES, PRICES, PRICES))
def test_cost_is_the_sum_of_all_kinds_rounded_once(tokens, prices):
    fresh, cached, written, output = tokens
    model = ModelPrice(input_price=prices[0], cached_price=prices[1], cache_write_price=prices[2], output_price=prices[3])
    usage = Usage(fresh + cached + written, cached, output, "reported", written)
    exact = sum(count * price for count, price in zip(tokens, prices, strict=True))
    assert abs(1000 * pricing.cost_nanousd(model, usage) - exact) <= 500


@given(TOKENS, TOKENS, PRICES)
def test_cache_write_without_a_price_costs_what_input_costs(fresh, written, price):
    model = ModelPrice(input_price=price, cached_price=0, cache_write_price=None, output_price=0)
    assert pricing.cost_nanousd(model, Usage(fresh + written, 0, 0, "reported", written)) == ((fresh + written) * price + 500) // 1000
