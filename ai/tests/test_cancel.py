"""A cancel, before and during the work, and in the moment in which it ends."""

import threading

import pytest

from ai import services
from ai.errors import GenerationNotOpen
from ai.models import Generation
from ai.tests.factories import make_generation, run
from content.models import ContentAsset

pytestmark = pytest.mark.django_db(transaction=True)

GENERATIONS = "/api/v1/ai/generations"


def test_cancelled_while_waiting_ends_at_once_and_is_never_written(vendor, workspace, api):
    generation = make_generation(workspace)
    cancelled = api.post(f"{GENERATIONS}/{generation.id}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"], run(generation).status, vendor.calls()) == (
        200,
        "cancelled",
        "cancelled",
        [],
    )


def test_cancelling_what_has_ended_is_refused(vendor, workspace, api):
    generation = run(make_generation(workspace))
    refused = api.post(f"{GENERATIONS}/{generation.id}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "generation_not_open")


def test_cancelling_what_has_ended_says_how(api, workspace):
    generation = run(make_generation(workspace))
    assert api.post(f"{GENERATIONS}/{generation.id}/cancel").json()["detail"] == "It has ended as succeeded."


def test_cancel_that_was_answered_wins_over_a_text_that_is_finished_before_anyone_looked(vendor, workspace, api):
    vendor.script([{"kind": "hang_mid_stream", "tokens": 2}])
    generation = make_generation(workspace)
    worker = threading.Thread(target=run, args=(generation,))
    worker.start()
    vendor.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 2)
    answered = api.post(f"{GENERATIONS}/{generation.id}/cancel").status_code
    vendor.release()
    worker.join()
    generation.refresh_from_db()
    assert (answered, generation.status, generation.error, ContentAsset.objects.count()) == (200, "cancelled", None, 0)


def test_of_a_cancel_and_an_end_in_the_same_moment_one_wins(workspace):
    told = [race_of_cancel_and_end(make_generation(workspace), seconds=after / 1000) for after in range(60)]
    ended = [("refused", "succeeded") if answer == "refused" else ("cancelled", "cancelled") for answer, _status in told]
    assert told == ended


def race_of_cancel_and_end(generation: Generation, *, seconds: float) -> tuple[str, str]:
    """Write and, so many seconds later, cancel at once; return what the cancel was told and how the generation ended."""
    worker = threading.Thread(target=run, args=(generation,))
    worker.start()
    worker.join(seconds)
    try:
        services.cancel_generation(generation=generation)
        answer = "cancelled"
    except GenerationNotOpen:
        answer = "refused"
    worker.join()
    generation.refresh_from_db()
    return answer, generation.status


def test_dead_letter_that_was_cancelled_ends_as_cancelled(workspace):
    past = "2020-01-01T00:00Z"
    lost = {"status": "running", "attempts": 2, "lease_expires_at": past, "wake_at": past, "cancel_requested_at": past}
    generation = make_generation(workspace, **lost)
    services.sweep_generations()
    generation.refresh_from_db()
    assert (generation.status, generation.error) == ("cancelled", None)


def test_work_whose_worker_died_after_a_cancel_is_not_written(vendor, workspace):
    generation = make_generation(workspace)
    Generation.objects.filter(pk=generation.pk).update(
        status="running", lease_expires_at="2020-01-01T00:00Z", cancel_requested_at="2020-01-01T00:00Z"
    )
    assert (run(generation).status, vendor.calls()) == ("cancelled", [])


def test_cancelled_work_is_not_written_from_a_template_either(workspace):
    generation = make_generation(workspace)
    lost = {"status": "running", "lease_expires_at": "2020-01-01T00:00Z", "cancel_requested_at": "2020-01-01T00:00Z"}
    Generation.objects.filter(pk=generation.pk).update(**lost)
    assert (run(generation).status, ContentAsset.objects.count()) == ("cancelled", 0)
