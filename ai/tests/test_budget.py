"""What an order may cost at most, held against the simulated vendor's bill."""

import threading
from contextlib import contextmanager

import pytest

from ai import services
from ai.errors import BudgetExceeded
from ai.models import Generation
from ai.tests.factories import ORDER, make_generation, run

pytestmark = pytest.mark.django_db(transaction=True)

# Both drafts are as long as can be and fail the checks, and the vendor breaks off twice before each: six calls, all of them billed.
DEAREST = [*[{"kind": "truncated", "tokens": 0}] * 2, {"text": "again " * 300}] * 2


@contextmanager
def lost_in_its_call(generation: Generation, vendor):
    """Write until the vendor falls silent, and let another worker take the generation over while the block runs."""
    vendor.script([{"kind": "hang_mid_stream", "tokens": 2}])
    worker = threading.Thread(target=run, args=(Generation.objects.get(pk=generation.pk),))
    worker.start()
    vendor.wait_for_calls(lambda calls: bool(calls) and calls[-1]["tokens_sent"] >= 2)
    generation.refresh_from_db()
    Generation.objects.filter(pk=generation.pk).update(lease_expires_at="2020-01-01T00:00Z")
    yield
    vendor.release()
    worker.join()


def billed(vendor) -> int:
    return sum(line["amount_nanousd"] for line in vendor.bill())


def least_limit(workspace) -> int:
    """Return the least limit, in micro-dollars, at which an order is taken."""
    with pytest.raises(BudgetExceeded) as refusal:
        services.request_generation(workspace_id=workspace.id, created_by_id=None, kind="post", order=ORDER, max_cost_microusd=0)
    return refusal.value.extra["limit"]["used"]


def test_order_at_the_least_limit_is_written_twice(vendor, workspace):
    vendor.script([{"text": "Too short."}, {"text": "Too short."}])
    order = {"workspace_id": workspace.id, "created_by_id": None, "kind": "post", "order": ORDER}
    generation = services.request_generation(**order, max_cost_microusd=least_limit(workspace))
    assert (run(generation).status, len(vendor.calls())) == ("succeeded", 2)


def test_without_a_limit_each_repeat_is_made_and_billed(vendor, workspace):
    vendor.script(DEAREST)
    generation = run(make_generation(workspace))
    assert (generation.status, len(vendor.bill()), generation.cost_nanousd >= billed(vendor)) == ("succeeded", 6, True)


@pytest.mark.parametrize("limit", [0, 100, 300])
def test_run_stops_before_a_call_that_could_pass_the_limit(vendor, workspace, limit):
    vendor.script(DEAREST)
    generation = run(make_generation(workspace, input={"max_cost_microusd": limit}))
    assert (generation.error["code"], billed(vendor) <= generation.cost_nanousd <= limit * 1000) == ("budget_exceeded", True)


@pytest.mark.parametrize("limit", [400, 600])
def test_second_text_that_the_limit_does_not_hold_is_never_asked_for(vendor, workspace, limit):
    vendor.script([{"text": "again " * 300}])
    generation = run(make_generation(workspace, input={"max_cost_microusd": limit}))
    assert (generation.provider, len(vendor.calls()), billed(vendor) <= limit * 1000) == ("template", 1, True)


def test_call_of_a_lost_worker_counts_against_the_limit(vendor, workspace):
    generation = make_generation(workspace, input={"max_cost_microusd": 400})
    with lost_in_its_call(generation, vendor):
        run(generation)
    assert (generation.error["code"], generation.attempts, len(vendor.calls())) == ("budget_exceeded", 2, 1)


def test_call_of_a_lost_worker_is_counted_at_its_most(vendor, workspace):
    generation = make_generation(workspace)
    with lost_in_its_call(generation, vendor):
        run(generation)
    assert (generation.attempts, generation.usage_source, generation.cost_nanousd >= billed(vendor)) == (2, "unknown", True)
