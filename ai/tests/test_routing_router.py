import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai import pricing
from ai.models import GenerationKind
from ai.providers.base import Usage
from ai.routing import calibration
from ai.routing.router import TASKS, Candidate, NoRoute, Snapshot, Terms, Work, route

TODAY = date(2026, 11, 22)
SHIPPED = calibration.load()
MINI = Candidate("azure", "mini", "small", frozenset({"eu"}), 100_000, frozenset({"schema"}), 150_000, 75_000, 600_000)
STRONG = Candidate("azure", "strong", "strong", frozenset({"eu"}), 100_000, frozenset({"schema"}), 2_500_000, 1_250_000, 10_000_000)
LUNA = replace(MINI, provider="openai", name="luna", regions=frozenset(), input_price=100_000, output_price=500_000)
HOUSE = replace(MINI, provider="local", name="house", regions=frozenset({"local"}), capabilities=frozenset(), input_price=0, output_price=0)
ALL = (MINI, STRONG, LUNA, HOUSE)
WORK = Work("caption", "my garden in May", 500, 200)

candidates = st.builds(
    Candidate,
    provider=st.sampled_from(["azure", "openai", "local"]),
    name=st.sampled_from(["a", "b", "c", "d"]),
    tier=st.sampled_from(["small", "strong"]),
    regions=st.frozensets(st.sampled_from(["eu", "us", "local"])),
    context_tokens=st.none() | st.integers(0, 4000),
    capabilities=st.frozensets(st.sampled_from(["schema", "seed"])),
    input_price=st.integers(0, 10**7),
    cached_price=st.integers(0, 10**7),
    output_price=st.integers(0, 10**8),
    retires_on=st.none() | st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3)),
    languages=st.none() | st.just(frozenset({"en"})),
    stand_in=st.booleans(),
)
snapshots = st.builds(
    Snapshot,
    candidates=st.lists(candidates, max_size=7, unique_by=lambda one: one.key).map(tuple),
    today=st.just(TODAY),
    unwell=st.frozensets(st.tuples(st.sampled_from(["azure", "openai"]), st.sampled_from(["a", "b"])), max_size=2),
)
works = st.builds(
    Work,
    task=st.sampled_from(sorted(TASKS)),
    prompt=st.sampled_from(["my garden", "How many eggs are 3 boxes of 12?", "Which?\nA. one\nB. two\nC. three"]),
    input_tokens=st.integers(0, 3000),
    max_output_tokens=st.integers(1, 1000),
    needs=st.frozensets(st.sampled_from(["schema", "seed"]), max_size=1),
    language=st.none() | st.sampled_from(["en", "fr"]),
    tier=st.sampled_from(["small", "strong"]),
    repair_tokens=st.integers(0, 1000),
    times=st.integers(1, 5),
)
terms = st.builds(
    Terms,
    privacy=st.sampled_from(["local_only", "eu_only", "any"]),
    floor=st.sampled_from(["97", "99", "100"]),
    plan=st.sampled_from(["free", "pro"]),
    budget_nanousd=st.none() | st.integers(0, 10**8),
    shadow=st.booleans(),
)


def planned(work, workspace, now):
    """Return the candidates that are asked, in order; none where no route is found."""
    by_key = {one.key: one for one in now.candidates}
    try:
        found = route(work, workspace, now, SHIPPED)
    except NoRoute:
        return []
    return [by_key[attempt.provider, attempt.model] for attempt in found.attempts]


@given(works, terms, snapshots)
def test_route_never_leaves_the_privacy_tier(work, workspace, now):
    allowed = {"local_only": {"local"}, "eu_only": {"local", "eu"}}.get(workspace.privacy)
    assert all(allowed is None or one.regions & allowed for one in planned(work, workspace, now))


@given(works, terms, snapshots)
def test_route_never_asks_a_retired_a_sick_or_an_unable_model(work, workspace, now):
    for one in planned(work, workspace, now):
        assert one.retires_on is None or one.retires_on > TODAY
        assert one.key not in now.unwell
        assert work.needs <= one.capabilities
        assert one.context_tokens is None or work.input_tokens + work.max_output_tokens <= one.context_tokens


@given(works, terms, snapshots)
def test_route_never_costs_more_than_the_budget(work, workspace, now):
    try:
        cost = route(work, workspace, now, SHIPPED).cost_nanousd
    except NoRoute:
        return
    assert workspace.budget_nanousd is None or cost <= workspace.budget_nanousd


@given(works, terms, snapshots)
def test_cost_of_a_route_is_what_its_calls_can_use_at_most(work, workspace, now):
    try:
        found = route(work, workspace, now, SHIPPED)
    except NoRoute:
        return
    by_key = {one.key: one for one in now.candidates}
    cost = 0
    for number, attempt in enumerate(found.attempts):
        later = number > 0 and attempt.role != "shadow"
        usage = Usage(work.input_tokens + later * work.repair_tokens, 0, work.max_output_tokens, "unknown")
        times = 1 if attempt.role == "shadow" else work.times
        cost += times * pricing.cost_nanousd(by_key[attempt.provider, attempt.model], usage)
    assert found.cost_nanousd == cost


@given(works, terms, snapshots)
def test_route_is_the_same_in_whatever_order_the_catalogue_comes(work, workspace, now):
    turned = replace(now, candidates=tuple(reversed(now.candidates)))
    assert planned(work, workspace, now) == planned(work, workspace, turned)


@given(works, terms, snapshots)
def test_compliance_is_never_left_to_a_small_model(work, workspace, now):
    if TASKS[work.task].compliance:
        assert all(one.tier == "strong" for one in planned(work, workspace, now))


@given(works, terms, snapshots)
def test_no_model_of_its_tier_that_may_be_asked_is_cheaper_than_the_first(work, workspace, now):
    try:
        found = route(work, workspace, now, SHIPPED)
    except NoRoute:
        return
    rivals = {one.key: one.tier for one in now.candidates if not one.stand_in}
    first = found.attempts[0]
    tier = next(one.tier for one in now.candidates if one.key == (first.provider, first.model))
    spare = [one for one in found.alternatives if one.reason == "spare" and rivals.get((one.provider, one.model)) == tier]
    if found.why != "compliance":
        assert all(one.cost_nanousd >= first.cost_nanousd for one in spare)


@given(works, terms, snapshots)
def test_every_model_is_either_asked_or_told_why_not(work, workspace, now):
    try:
        found = route(work, workspace, now, SHIPPED)
        told = [*{(one.provider, one.model) for one in found.attempts}, *((one.provider, one.model) for one in found.alternatives)]
    except NoRoute as error:
        told = [(one.provider, one.model) for one in error.alternatives]
    assert sorted(told) == sorted(one.key for one in now.candidates)


def test_every_kind_of_generation_is_a_task():
    assert set(GenerationKind.values) <= set(TASKS)


def test_caption_asks_the_cheapest_then_the_strong_model():
    found = route(WORK, Terms(), Snapshot(ALL, TODAY), SHIPPED)
    assert [(one.model, one.role, one.check) for one in found.attempts] == [
        ("house", "first", "checker"),
        ("strong", "escalation", "checker"),
        ("luna", "fallback", "checker"),
    ]


def test_comparable_answer_is_held_against_a_second_cheap_one():
    found = route(replace(WORK, task="classify"), Terms(), Snapshot((MINI, STRONG, LUNA), TODAY), SHIPPED)
    assert [(one.model, one.role, one.check) for one in found.attempts] == [
        ("luna", "first", "agreement"),
        ("mini", "second_opinion", "agreement"),
        ("strong", "escalation", "checker"),
    ]


def test_compliance_asks_the_strong_model_and_says_why():
    found = route(replace(WORK, task="moderation"), Terms(), Snapshot((MINI, STRONG), TODAY), SHIPPED)
    assert (found.why, [one.model for one in found.attempts]) == ("compliance", ["strong"])
    assert [(one.model, one.reason) for one in found.alternatives] == [("mini", "tier")]


def test_prompt_that_is_written_for_strong_models_asks_no_small_one():
    found = route(replace(WORK, tier="strong"), Terms(), Snapshot((MINI, STRONG), TODAY), SHIPPED)
    assert (found.why, [(one.model, one.role) for one in found.attempts]) == ("prompt", [("strong", "first"), ("strong", "repair")])
    assert [(one.model, one.reason) for one in found.alternatives] == [("mini", "tier")]


def test_full_quality_asks_the_strong_model_where_answers_cannot_be_compared():
    found = route(WORK, Terms(floor="100"), Snapshot((MINI, STRONG), TODAY), SHIPPED)
    assert [(one.model, one.role) for one in found.attempts] == [("strong", "first"), ("strong", "repair")]


@pytest.mark.parametrize(("privacy", "asked"), [("local_only", ["house", "house"]), ("eu_only", ["house", "strong", "mini"])])
def test_texts_stay_where_the_workspace_keeps_them(privacy, asked):
    assert [one.model for one in route(WORK, Terms(privacy=privacy), Snapshot(ALL, TODAY), SHIPPED).attempts] == asked


def test_budget_leaves_out_what_it_does_not_hold():
    cost = WORK.cost_nanousd(MINI, is_first=True)
    found = route(WORK, Terms(budget_nanousd=cost), Snapshot((MINI, STRONG), TODAY), SHIPPED)
    assert [(one.model, one.cost_nanousd) for one in found.attempts] == [("mini", cost)]
    assert [(one.model, one.reason) for one in found.alternatives] == [("strong", "budget")]


@pytest.mark.parametrize(
    ("work", "workspace", "now", "reason"),
    [
        (WORK, Terms(budget_nanousd=0), Snapshot((MINI, STRONG), TODAY), "budget"),
        (WORK, Terms(privacy="local_only"), Snapshot((MINI, STRONG), TODAY), "privacy"),
        (replace(WORK, needs=frozenset({"seed"})), Terms(), Snapshot((MINI, STRONG), TODAY), "capability"),
        (replace(WORK, input_tokens=10**6), Terms(), Snapshot((MINI, STRONG), TODAY), "context"),
        (WORK, Terms(), Snapshot((MINI, STRONG), TODAY, frozenset({MINI.key, STRONG.key})), "health"),
        (WORK, Terms(), Snapshot((replace(MINI, retires_on=TODAY),), TODAY), "retired"),
        (replace(WORK, task="moderation"), Terms(), Snapshot((MINI,), TODAY), "tier"),
    ],
)
def test_no_route_says_which_rule_left_none(work, workspace, now, reason):
    with pytest.raises(NoRoute) as error:
        route(work, workspace, now, SHIPPED)
    assert error.value.reason == reason


def test_model_that_is_alone_is_asked_twice_where_the_budget_holds_it():
    work, now = replace(WORK, repair_tokens=1000), Snapshot((MINI, STRONG), TODAY)
    first, again = work.cost_nanousd(MINI, is_first=True), work.cost_nanousd(MINI, is_first=False)
    found = route(work, Terms(budget_nanousd=first + again), now, SHIPPED)
    assert [(one.model, one.role, one.cost_nanousd) for one in found.attempts] == [("mini", "first", first), ("mini", "repair", again)]


def test_stand_in_is_asked_only_where_no_other_model_may_be():
    house = replace(HOUSE, stand_in=True)
    both = route(WORK, Terms(), Snapshot((MINI, house), TODAY), SHIPPED)
    alone = route(WORK, Terms(privacy="local_only"), Snapshot((MINI, house), TODAY), SHIPPED)
    assert ([one.model for one in both.attempts], [one.model for one in alone.attempts]) == (["mini", "mini"], ["house", "house"])


def test_stand_in_does_not_write_while_the_others_are_unwell():
    with pytest.raises(NoRoute, match="health"):
        route(WORK, Terms(), Snapshot((MINI, replace(HOUSE, stand_in=True)), TODAY, frozenset({MINI.key})), SHIPPED)


def test_model_is_asked_for_no_language_that_it_does_not_write():
    english = replace(MINI, languages=frozenset({"en"}))
    with pytest.raises(NoRoute, match="language"):
        route(replace(WORK, language="fr"), Terms(), Snapshot((english,), TODAY), SHIPPED)


@pytest.mark.parametrize(
    ("named", "reference"), [("", ("azure", "strong")), ("azure/dear", ("azure", "dear")), ("azure/mini", ("azure", "strong"))]
)
def test_reference_is_the_strong_model_that_is_named_or_the_cheapest(named, reference):
    now = Snapshot((MINI, STRONG, replace(STRONG, name="dear", output_price=20_000_000)), TODAY)
    assert route(WORK, Terms(reference=named), now, SHIPPED).reference == reference


def test_shadow_asks_the_reference_once_whatever_the_number_of_texts():
    work = replace(WORK, times=3, repair_tokens=1000)
    found = route(work, Terms(shadow=True), Snapshot((MINI, STRONG), TODAY), SHIPPED)
    assert [(one.model, one.role) for one in found.attempts] == [("mini", "first"), ("strong", "escalation"), ("strong", "shadow")]
    assert found.attempts[-1].cost_nanousd == replace(WORK, repair_tokens=0).cost_nanousd(STRONG, is_first=True)


@pytest.mark.parametrize(
    "workspace", [Terms(shadow=True, privacy="local_only"), Terms(shadow=True, floor="100"), Terms(shadow=True, budget_nanousd=200_000)]
)
def test_shadow_is_left_out_where_it_is_not_allowed_needed_or_held(workspace):
    house = replace(HOUSE, tier="small")
    found = route(WORK, workspace, Snapshot((MINI, STRONG, house), TODAY), SHIPPED)
    assert "shadow" not in [one.role for one in found.attempts]


def test_unknown_task_is_an_error():
    with pytest.raises(LookupError):
        route(replace(WORK, task="sonnet"), Terms(), Snapshot(ALL, TODAY), SHIPPED)


def test_learned_score_decides_what_is_asked_first_but_not_on_the_free_plan():
    prompts = [f"Which?\nA. {word}\nB. {word}\nC. {word}\nAnswer:" for word in ("proof of a theorem in algebra", "a cat", "x")]
    work = replace(WORK, task="answer")
    pro = [route(replace(work, prompt=prompt), Terms(plan="pro"), Snapshot((MINI, LUNA, STRONG), TODAY), SHIPPED) for prompt in prompts]
    free = [route(replace(work, prompt=prompt), Terms(), Snapshot((MINI, LUNA, STRONG), TODAY), SHIPPED) for prompt in prompts]
    threshold = SHIPPED.threshold("prescore", "99", "choice").score
    assert [one.why == "learned" for one in pro] == [threshold is None or one.score >= threshold for one in pro]
    assert [one.why for one in free] == ["cheap_first"] * 3


def test_route_is_stored_as_json():
    found = route(WORK, Terms(), Snapshot((MINI, STRONG), TODAY), SHIPPED)
    assert json.loads(json.dumps(found.as_json())) == {
        "task": "caption",
        "why": "cheap_first",
        "attempts": [
            {"provider": "azure", "model": "mini", "role": "first", "check": "checker", "cost_nanousd": 195_000},
            {"provider": "azure", "model": "strong", "role": "escalation", "check": "checker", "cost_nanousd": 3_250_000},
        ],
        "alternatives": [],
        "cost_nanousd": 3_445_000,
        "score": None,
        "calibrated_on": None,
        "reference": ["azure", "strong"],
    }
