"""Baselines, shadow samples and what `GET /ai/usage` makes of them, held against sums made by hand."""

from datetime import UTC, datetime

import pytest

from ai.models import Generation, GenerationFeedback, ShadowSample
from ai.tests.factories import ORDER, make_generation, run
from ai.tests.test_budget import billed
from ai.tests.test_ledger import order

pytestmark = pytest.mark.django_db(transaction=True)

USAGE = "/api/v1/ai/usage"
SHORT = {"text": "Too short."}
MINI, STRONG = "openai/gpt-4o-mini", "openai/gpt-4o"
# Nano-dollars a token of gpt-4o: input, cached input, output.
INPUT, CACHED, OUTPUT = 2500, 1250, 10_000


def usage(api, group_by="day") -> dict:
    day = datetime.now(UTC).date().isoformat()
    return api.get(USAGE, {"from": day, "to": day, "group_by": group_by}).json()


def sample(ours: int, theirs: int, **changes) -> None:
    row = {"task": "post", "model": MINI, "reference": STRONG, "output_tokens": ours, "reference_output_tokens": theirs}
    ShadowSample.objects.create(**row | changes)


def test_baseline_is_the_references_price_of_the_same_tokens(pair, workspace):
    generation = run(order(workspace))
    assert generation.baseline_nanousd == generation.input_tokens * INPUT + generation.output_tokens * OUTPUT


def test_cached_tokens_have_the_references_own_cached_price(pair, workspace):
    pair.script([{"cached_tokens": 40}])
    generation = run(order(workspace))
    fresh = generation.input_tokens - 40
    assert generation.baseline_nanousd == fresh * INPUT + 40 * CACHED + generation.output_tokens * OUTPUT


def test_strong_models_own_answer_is_its_own_baseline_and_the_escalation_a_loss(pair, api, workspace):
    pair.script([SHORT])
    generation = run(order(workspace))
    strong = pair.bill()[1]["amount_nanousd"]
    saved = usage(api)["total"]["savings"]
    assert (generation.baseline_nanousd, saved["saved_nanousd"], saved["saved_nanousd"] < 0) == (strong, strong - billed(pair), True)


def test_baseline_writes_as_much_as_the_samples_showed(pair, workspace):
    sample(100, 150)
    sample(100, 100)
    generation = run(order(workspace))
    written = round(generation.output_tokens * 1.25)
    assert generation.baseline_nanousd == generation.input_tokens * INPUT + written * OUTPUT


@pytest.mark.parametrize("other", [{"task": "caption"}, {"model": "openai/gpt-5.4-mini"}, {"reference": "openai/gpt-4.1"}])
def test_samples_of_other_tasks_and_models_say_nothing(pair, workspace, other):
    sample(100, 300, **other)
    generation = run(order(workspace))
    assert generation.baseline_nanousd == generation.input_tokens * INPUT + generation.output_tokens * OUTPUT


def test_samples_are_forgotten_after_ninety_days(pair, workspace):
    sample(100, 300)
    ShadowSample.objects.update(created_at="2026-01-01T00:00Z")
    generation = run(order(workspace))
    assert generation.baseline_nanousd == generation.input_tokens * INPUT + generation.output_tokens * OUTPUT


def test_without_a_strong_model_there_is_no_baseline(vendor, api, workspace):
    generation = run(order(workspace))
    assert (generation.baseline_nanousd, usage(api)["total"]["savings"]["requests"]) == (None, 0)


def test_money_spent_on_texts_that_no_model_wrote_is_a_loss(pair, api, workspace):
    pair.script([SHORT, SHORT])
    generation = run(order(workspace))
    saved = usage(api)["total"]["savings"]
    assert (generation.provider, generation.baseline_nanousd, saved["saved_nanousd"]) == ("template", 0, -billed(pair))


def test_shadow_call_is_made_billed_and_kept_as_a_sample(pair, workspace, settings):
    settings.AI_SHADOW_PERCENT = 100
    generation = run(order(workspace))
    (row,) = ShadowSample.objects.all()
    calls = pair.bill()
    assert [line["model"] for line in calls] == ["gpt-4o-mini", "gpt-4o"]
    assert (row.task, row.model, row.reference, row.output_tokens, row.reference_output_tokens) == (
        "post",
        MINI,
        STRONG,
        calls[0]["completion_tokens"],
        calls[1]["completion_tokens"],
    )
    assert (generation.status, generation.model, generation.cost_nanousd) == ("succeeded", "gpt-4o-mini", billed(pair))


def test_shadow_call_is_not_made_where_the_reference_answered(pair, workspace, settings):
    settings.AI_SHADOW_PERCENT = 100
    pair.script([SHORT])
    run(order(workspace))
    assert (len(pair.calls()), ShadowSample.objects.count()) == (2, 0)


def test_shadow_call_that_fails_fails_nothing(pair, workspace, settings):
    settings.AI_SHADOW_PERCENT = 100
    pair.script([{}, {"kind": "insufficient_quota"}])
    generation = run(order(workspace))
    assert (generation.status, generation.error, ShadowSample.objects.count()) == ("succeeded", None, 0)


def test_shadow_of_an_estimated_count_is_no_sample(pair, workspace, settings):
    settings.AI_SHADOW_PERCENT = 100
    pair.script([{}, {"kind": "cut_before_usage"}, {"kind": "cut_before_usage"}, {"kind": "cut_before_usage"}])
    run(order(workspace))
    assert ShadowSample.objects.count() == 0


@pytest.mark.parametrize(("group_by", "group"), [("model", MINI), ("task", "post")])
def test_usage_tells_savings_by_group(pair, api, workspace, group_by, group):
    generation = run(order(workspace))
    (row,) = usage(api, group_by)["data"]
    assert (row["group"], row["savings"]["requests"], row["savings"]["cost_nanousd"], row["savings"]["baseline_nanousd"]) == (
        group,
        1,
        generation.cost_nanousd,
        generation.baseline_nanousd,
    )


def test_savings_are_the_sum_of_their_parts(pair, api, workspace):
    pair.script([{"cached_tokens": 40}])
    first, again = (run(order(workspace, order=ORDER | {"seed": 7})) for _time in range(2))
    saved = usage(api)["total"]["savings"]
    assert saved == {
        "requests": 2,
        "cost_nanousd": first.cost_nanousd,
        "baseline_nanousd": 2 * first.baseline_nanousd,
        "saved_nanousd": 2 * first.baseline_nanousd - first.cost_nanousd,
        "saved_share": pytest.approx((2 * first.baseline_nanousd - first.cost_nanousd) / (2 * first.baseline_nanousd)),
        "exact_cache_nanousd": again.baseline_nanousd,
        "routing_nanousd": first.baseline_nanousd - first.cost_nanousd,
        "prompt_cache_nanousd": 40 * (150 - 75),
    }


def test_quality_is_the_share_that_people_took_as_it_was(pair, api, workspace, owner):
    for rating in ("accepted", "accepted", "discarded", "edited"):
        generation = run(order(workspace))
        GenerationFeedback.objects.create(workspace=workspace, generation=generation, person=owner, rating=rating)
    quality = usage(api)["total"]["quality"]
    assert (quality["rated"], quality["accepted"], quality["share"], round(quality["low"], 4), round(quality["high"], 4)) == (
        4,
        2,
        0.5,
        0.15,
        0.85,
    )


@pytest.mark.parametrize("orders", [1, 10])
def test_usage_takes_four_statements(pair, api, workspace, orders, django_assert_num_queries):
    for _order in range(orders):
        make_generation(workspace, status="succeeded", finished_at=datetime.now(UTC), baseline_nanousd=1)
    with django_assert_num_queries(4):  # the caller, costs, savings, what people said
        assert usage(api)["total"]["savings"]["requests"] == orders


def test_generation_shows_its_baseline(pair, api, workspace):
    generation = run(order(workspace))
    shown = api.get(f"/api/v1/ai/generations/{generation.pk}").json()
    assert (shown["baseline_microusd"], shown["cache"]) == (generation.baseline_nanousd // 1000, "")


def test_reference_that_is_named_is_the_baseline(pair, workspace, settings):
    settings.AI_REFERENCE_MODEL = STRONG
    generation = run(order(workspace))
    assert (Generation.objects.get().route["reference"], generation.baseline_nanousd > 0) == (STRONG.split("/"), True)
