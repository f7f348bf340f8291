"""What a generation does with its route: the small model first, the strong one where that does not do, another vendor where one is down."""

import pytest

from ai.models import LedgerEntry
from ai.providers.circuit import CIRCUITS
from ai.services import ledger
from ai.tests.factories import ORDER, run
from ai.tests.test_budget import billed
from ai.tests.test_ledger import allow, order

pytestmark = pytest.mark.django_db(transaction=True)

MINI, STRONG = ("openai", "gpt-4o-mini"), ("openai", "gpt-4o")
SHORT = {"text": "Too short."}
GENERATE, CONFIG = "/api/v1/content/generate", "/api/v1/ai/config"


def asked(generation) -> list[tuple[str, str]]:
    """Return the models whose calls were settled, in order."""
    return [
        (entry.provider, entry.model) for entry in LedgerEntry.objects.filter(generation_id=generation.pk, kind="settle").order_by("id")
    ]


def roles(generation) -> list[tuple[str, str]]:
    return [(attempt["model"], attempt["role"]) for attempt in generation.route["attempts"]]


def test_small_model_writes_first_and_alone_where_its_text_passes(pair, workspace):
    generation = run(order(workspace))
    assert (asked(generation), generation.model, generation.cost_nanousd) == ([MINI], "gpt-4o-mini", billed(pair))


def test_strong_model_writes_where_the_small_ones_text_does_not_pass(pair, workspace):
    pair.script([SHORT])
    generation = run(order(workspace))
    assert (asked(generation), generation.model, generation.outputs[0]["model"], generation.cost_nanousd) == (
        [MINI, STRONG],
        "gpt-4o",
        "gpt-4o",
        billed(pair),
    )


def test_strong_model_is_told_what_was_wrong(pair, workspace):
    pair.script([SHORT])
    run(order(workspace))
    told = pair.calls()[1]["body"]["messages"][-2:]
    assert (told[0]["content"], told[1]["content"][:26]) == ("Too short.", "That draft cannot be used.")


def test_each_variant_names_the_model_that_wrote_it(pair, workspace):
    pair.script([SHORT])
    generation = run(order(workspace, order=ORDER | {"variants": 2}))
    assert [(output["provider"], output["model"]) for output in generation.outputs] == [STRONG, MINI]


def test_route_says_why_and_what_it_may_cost(pair, workspace):
    generation = order(workspace)
    assert (generation.route["why"], roles(generation), tuple(generation.route["reference"]), generation.route["cost_nanousd"]) == (
        "cheap_first",
        [("gpt-4o-mini", "first"), ("gpt-4o", "escalation")],
        STRONG,
        generation.reserved_nanousd,
    )


def test_api_shows_the_route(pair, api, workspace):
    shown = api.post(GENERATE, {"kind": "post", "prompt": "My garden", "length": "short"}).json()["route"]
    assert (shown["why"], [attempt["role"] for attempt in shown["attempts"]], shown["reference"]) == (
        "cheap_first",
        ["first", "escalation"],
        {"provider": "openai", "model": "gpt-4o"},
    )


def test_full_quality_is_asked_of_the_strong_model(pair, api, workspace):
    api.put(CONFIG, {"quality_floor": "100"}, format="json")
    generation = run(order(workspace))
    assert (generation.route["why"], asked(generation)) == ("floor", [STRONG])


def test_budget_that_holds_no_strong_call_leaves_the_small_model_its_second_try(pair, workspace):
    allow(workspace, ai_budget_microusd=2000)
    pair.script([SHORT])
    generation = run(order(workspace))
    assert (roles(generation), asked(generation)) == ([("gpt-4o-mini", "first"), ("gpt-4o-mini", "repair")], [MINI, MINI])


def test_other_vendor_writes_where_the_first_one_fails(two_vendors, workspace):
    two_vendors.script([{"kind": "insufficient_quota"}])
    generation = run(order(workspace))
    assert (generation.status, generation.model, generation.checks) == ("succeeded", roles(generation)[1][0], [])


def test_vendor_that_failed_is_not_asked_for_the_next_variant(two_vendors, workspace):
    two_vendors.script([{"kind": "insufficient_quota"}])
    generation = run(order(workspace, order=ORDER | {"variants": 2}))
    assert (generation.status, len(two_vendors.calls()), len({output["model"] for output in generation.outputs})) == ("succeeded", 3, 1)


@pytest.mark.parametrize(("fault", "code"), [("content_filter_prompt", "content_filter"), ("refusal", "refused")])
def test_blocked_prompt_is_sent_to_nobody_else(two_vendors, workspace, fault, code):
    two_vendors.script([{"kind": fault}])
    generation = run(order(workspace))
    assert (generation.status, generation.error["code"], len(two_vendors.calls())) == ("failed", code, 1)


def test_vendors_that_all_fail_end_the_generation_with_the_last_ones_reason(two_vendors, workspace):
    two_vendors.script([{"kind": "insufficient_quota"}] * 3)
    generation = run(order(workspace))
    assert (generation.status, generation.error["code"], len(two_vendors.calls())) == ("failed", "quota", 3)


def test_text_that_broke_off_is_replaced_by_the_other_vendors(two_vendors, workspace):
    two_vendors.script([{"kind": "error_mid_stream", "tokens": 3}])
    generation = run(order(workspace))
    assert (generation.status, len(generation.outputs), asked(generation)[0] != asked(generation)[1]) == ("succeeded", 1, True)


def open_circuit(provider: str, deployment: str) -> None:
    for _call in range(10):
        CIRCUITS.report(provider, deployment, CIRCUITS.admit(provider, deployment), "bad", "overloaded")


def test_model_whose_circuit_is_open_is_not_asked(pair, workspace):
    open_circuit(*MINI)
    generation = run(order(workspace))
    assert (generation.route["why"], [(one["model"], one["reason"]) for one in generation.route["alternatives"]], asked(generation)) == (
        "no_small_model",
        [("gpt-4o-mini", "health")],
        [STRONG],
    )


def test_generation_fails_in_the_circuits_words_where_all_are_open(pair, workspace):
    open_circuit(*MINI)
    open_circuit(*STRONG)
    generation = run(order(workspace))
    assert (generation.status, generation.error["code"], pair.calls()) == ("failed", "overloaded", [])


def test_route_of_a_worker_is_made_of_what_is_true_when_it_begins(pair, api, workspace):
    generation = order(workspace)
    api.put(CONFIG, {"privacy_tier": "local_only"}, format="json")
    run(generation)
    assert (generation.provider, generation.route, pair.calls()) == ("template", None, [])


def test_ledger_is_the_vendors_bill_over_every_attempt(two_vendors, workspace):
    two_vendors.script([SHORT, {"kind": "unavailable", "retry_after": 0}, SHORT, SHORT])
    generation = run(order(workspace))
    ledger.close(generation)
    settled = sum(-entry.amount_nanousd for entry in LedgerEntry.objects.filter(kind="settle"))
    assert (len(asked(generation)), settled, sum(LedgerEntry.objects.values_list("amount_nanousd", flat=True))) == (
        3,
        billed(two_vendors),
        0,
    )
