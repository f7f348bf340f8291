"""The exact cache: the same order with the same seed is written once."""

import threading

import pytest

from ai import stream
from ai.models import Generation, LedgerEntry
from ai.tests.factories import ORDER, run
from ai.tests.test_ledger import order
from content.models import ContentAsset

pytestmark = pytest.mark.django_db(transaction=True)

SEEDED = ORDER | {"seed": 7}


def test_same_order_with_a_seed_gets_the_same_texts_at_no_cost(vendor, workspace):
    first, again = run(order(workspace, order=SEEDED)), run(order(workspace, order=SEEDED))
    assert (again.outputs, again.cache, again.cost_nanousd, again.model, len(vendor.calls())) == (
        first.outputs,
        "exact",
        0,
        first.model,
        1,
    )


def test_what_a_repeat_held_is_let_go(vendor, workspace):
    run(order(workspace, order=SEEDED))
    again = run(order(workspace, order=SEEDED))
    entries = LedgerEntry.objects.filter(generation_id=again.pk)
    assert (sorted(entries.values_list("kind", flat=True)), sum(entries.values_list("amount_nanousd", flat=True))) == (
        ["release", "reserve"],
        0,
    )


def test_repeat_is_streamed_and_becomes_an_asset(vendor, workspace):
    run(order(workspace, order=SEEDED))
    again = run(order(workspace, order=SEEDED))
    events = [entry.event for entry in stream.read(again.pk, after=stream.FROM_START, wait_seconds=0.01)]
    assert (events, ContentAsset.objects.filter(id=again.asset_id).count()) == (["started", "text", "done"], 1)


@pytest.mark.parametrize(
    "change",
    [{"prompt": "Another subject"}, {"seed": 8}, {"tone": "playful"}, {"length": "medium"}, {"language": "fr"}, {"variants": 2}],
)
def test_another_order_is_written_anew(vendor, workspace, change):
    run(order(workspace, order=SEEDED))
    assert run(order(workspace, order=SEEDED | change)).cache == ""


def test_order_without_a_seed_is_written_anew(vendor, workspace):
    run(order(workspace))
    assert (run(order(workspace)).cache, len(vendor.calls())) == ("", 2)


def test_another_workspace_is_written_for_anew(vendor, workspace, stranger):
    run(order(workspace, order=SEEDED))
    assert run(order(stranger.memberships.get().workspace, order=SEEDED)).cache == ""


def test_other_models_write_anew(pair, workspace, settings):
    run(order(workspace, order=SEEDED))
    settings.AI_MODEL = "gpt-4o"
    assert run(order(workspace, order=SEEDED)).cache == ""


@pytest.mark.parametrize("behaviours", [[{"kind": "insufficient_quota"}], [{"text": "Too short."}] * 2])
def test_failure_and_template_are_not_repeated(vendor, workspace, behaviours):
    vendor.script(behaviours)
    run(order(workspace, order=SEEDED))
    again = run(order(workspace, order=SEEDED))
    assert (again.cache, again.provider) == ("", "openai")


def test_texts_are_kept_for_a_day(vendor, workspace):
    first = run(order(workspace, order=SEEDED))
    Generation.objects.filter(pk=first.pk).update(finished_at="2026-01-01T00:00Z")
    assert run(order(workspace, order=SEEDED)).cache == ""


def test_cache_can_be_switched_off(vendor, workspace, settings):
    settings.AI_CACHE_SECONDS = 0
    run(order(workspace, order=SEEDED))
    assert run(order(workspace, order=SEEDED)).cache == ""


def test_second_order_waits_while_the_first_is_written(vendor, workspace):
    vendor.script([{"kind": "hang_mid_stream", "tokens": 2}])
    first, second = order(workspace, order=SEEDED), order(workspace, order=SEEDED)
    worker = threading.Thread(target=run, args=(first,))
    worker.start()
    vendor.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 2)
    assert (run(second).status, len(vendor.calls())) == ("queued", 1)
    vendor.release()
    worker.join()
    first.refresh_from_db()
    made = len(vendor.calls())
    assert (run(second).cache, second.outputs == first.outputs, second.attempts, len(vendor.calls())) == ("exact", True, 1, made)


def test_api_takes_a_seed(vendor, api):
    body = {"kind": "post", "prompt": "My garden", "length": "short", "seed": 3}
    first, again = (run(Generation.objects.get(pk=api.post("/api/v1/content/generate", body).json()["id"])) for _time in range(2))
    assert (first.cache, again.cache, again.outputs) == ("", "exact", first.outputs)
