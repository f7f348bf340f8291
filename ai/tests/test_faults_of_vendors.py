"""Generations on real processes whose provider fails, or whose reader leaves (guarantees F9 to F11)."""

import pytest

from ai.tests.installation import ended, ledger_of, texts
from huntaze.tests.client import ApiClient


def test_f9_vendor_that_refuses_twice_is_asked_a_third_time(creator, openai_simulator):
    openai_simulator.script([{"kind": "rate_limited", "retry_after": 1}, {"kind": "unavailable"}])
    row = ended(creator, creator.generate())
    first, second, _third = openai_simulator.calls()
    assert (row["status"], len(openai_simulator.bill()), first["status"], second["status"]) == ("succeeded", 1, 429, 503)
    assert ledger_of(creator, row["id"]) == (["reported"], 0)


def test_f9_vendor_over_quota_is_asked_once(creator, openai_simulator):
    openai_simulator.script([{"kind": "insufficient_quota"}])
    row = ended(creator, creator.generate())
    assert (row["status"], row["error"]["code"], row["error"]["upstream"]["status"], len(openai_simulator.calls())) == (
        "failed",
        "quota",
        429,
        1,
    )


@pytest.mark.parametrize("fault", ["html", "invalid_json", "wrong_types", "huge", "non_utf8", "deep", "empty"])
def test_f10_garbage_fails_with_its_reason(creator, openai_simulator, fault):
    openai_simulator.script([{"kind": fault}] * 3)
    row = ended(creator, creator.generate())
    assert (row["error"]["code"], ledger_of(creator, row["id"])[1]) == ("garbage", 0)


def test_f11_reader_who_leaves_does_not_stop_the_writing(creator, openai_simulator):
    openai_simulator.script([{"delay": 0.02}])
    generation_id = creator.generate()
    for event in creator.stream(generation_id):
        if event.event == "text":
            break
    assert ended(creator, generation_id)["status"] == "succeeded"


def test_f11_reader_goes_on_where_it_left_on_another_web_process(creator, breakable, openai_simulator):
    openai_simulator.script([{"delay": 0.02}])
    generation_id = creator.generate()
    seen = []
    for event in creator.stream(generation_id):
        seen.append(event)
        if len(seen) == 4:
            break
    breakable.restart("web")
    seen += list(creator.stream(generation_id, after=seen[-1].id))
    assert texts(seen) == seen[-1].data["outputs"][0]["text"]


def test_f11_reader_gets_the_final_text_when_the_stream_is_lost(installation):
    stack = installation("web", "worker")
    creator = ApiClient(stack.url).sign_up()
    generation_id = creator.generate()
    row = ended(creator, generation_id)
    stack.kill("valkey")
    (done,) = creator.stream(generation_id)
    assert (done.event, done.data) == ("done", row)


def test_f11_cancel_stops_the_vendor_within_a_second(creator, openai_simulator, hangs):
    hangs()
    generation_id = creator.generate()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 5)
    creator.call("POST", f"/api/v1/ai/generations/{generation_id}/cancel")
    openai_simulator.wait_for_calls(lambda calls: calls[0]["client_disconnected"], seconds=1)
    row = ended(creator, generation_id)
    assert (row["status"], row["tokens"]["counted"], row["cost_microusd"] > 0, row["asset_id"]) == ("cancelled", "estimated", True, None)
    assert ledger_of(creator, generation_id) == (["estimated"], 0)
