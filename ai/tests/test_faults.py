"""Generations on real processes whose parts are killed, stopped and cut off (guarantees F1 to F4, F9 to F11)."""

import signal

import pytest
from redis import Redis

from huntaze.tests.client import ApiClient
from huntaze.tests.processes import eventually

LEASE_SECONDS = 3


PARTS = ("web", "worker", "beat")


def settings_for(vendor) -> dict[str, str]:
    address = {"OPENAI_BASE_URL": f"{vendor.url}/v1", "OPENAI_API_KEY": vendor.key}
    return {"AI_MODEL": "gpt-4o-mini", "LEASE_SECONDS": str(LEASE_SECONDS), "API_AUTH_REQUESTS_PER_MINUTE": "1000", **address}


@pytest.fixture
def installation(start_stack, openai_simulator):
    """Return a function that starts an installation that loses its Valkey, whose provider is the simulated vendor."""
    return lambda *parts: start_stack(*(parts or PARTS), **settings_for(openai_simulator))


@pytest.fixture(scope="module")
def running(start_shared_stack, openai_process):
    """Return an installation that the tests of this module share."""
    return start_shared_stack(*PARTS, **settings_for(openai_process))


@pytest.fixture
def breakable(running):
    """Return the shared installation, whose web servers and workers the test may end; the next test finds one of each again."""
    yield running
    for name in set(running.parts) - {"valkey", *PARTS}:
        running.kill(name)
        del running.parts[name]
    for name in PARTS:
        if not running.parts[name].running():
            running.restart(name)


@pytest.fixture
def client(running, openai_simulator, request):
    """Return a creator of their own on the shared installation, with the vendor's books empty and its circuits closed."""
    with Redis.from_url(running.env["REDIS_URL"]) as connection:
        connection.delete("ai:retries", *connection.scan_iter("ai:circuit:*"))
    return ApiClient(running.url).sign_up(f"{request.node.name}@example.com".replace("[", "-").replace("]", ""))


@pytest.fixture
def hangs(openai_simulator):
    """Let the vendor's next `times` calls write some words and then fall silent."""
    return lambda times=1: openai_simulator.script([{"kind": "hang_mid_stream", "tokens": 5}] * times)


def ended(client: ApiClient, generation_id: str, *, seconds: float = 30) -> dict:
    return eventually(
        lambda: client.generation(generation_id), lambda row: row["status"] in ("succeeded", "failed", "cancelled"), seconds=seconds
    )


def ledger_of(client: ApiClient, generation_id: str) -> tuple[list[str], int]:
    """Return where the usage of each settled call is from, sorted, and what is still held for the generation."""
    rows = client.call("GET", f"/api/v1/ai/ledger?generation_id={generation_id}").body["data"]
    return sorted(row["usage_source"] for row in rows if row["kind"] == "settle"), sum(row["amount_nanousd"] for row in rows)


def texts(events) -> str:
    return "".join(event.data["text"] for event in events if event.event == "text")


def test_main_job_streams_as_it_is_written_and_ends_with_its_cost(client, openai_simulator):
    generation_id = client.generate()
    events = list(client.stream(generation_id))
    done = events[-1].data
    assert (events[0].event, texts(events), done["status"], done["cost_microusd"], done["asset_id"] is not None) == (
        "started",
        done["outputs"][0]["text"],
        "succeeded",
        -(-sum(line["amount_nanousd"] for line in openai_simulator.bill()) // 1000),
        True,
    )


def test_f1_killed_worker_gives_one_result_within_the_lease_and_five_seconds(client, breakable, openai_simulator, hangs):
    hangs()
    generation_id = client.generate()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 5)
    breakable.parts["killed"] = breakable.parts.pop("worker")
    breakable.start("worker")
    breakable.kill("killed")
    eventually(lambda: client.generation(generation_id)["attempts"] == 2, seconds=LEASE_SECONDS + 5)
    row = ended(client, generation_id)
    assets = client.call("GET", "/api/v1/content/assets").body["data"]
    assert (row["status"], row["attempts"], len(openai_simulator.calls()), [asset["id"] for asset in assets]) == (
        "succeeded",
        2,
        2,
        [row["asset_id"]],
    )
    assert ledger_of(client, generation_id) == (["reported", "unknown"], 0)


def test_stopped_worker_gives_its_generation_back_at_once(start_stack, openai_simulator, hangs):
    stack = start_stack(*PARTS, **settings_for(openai_simulator) | {"LEASE_SECONDS": "60"})
    client = ApiClient(stack.url).sign_up()
    hangs()
    generation_id = client.generate()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 5)
    stack.parts["stopping"] = stack.parts.pop("worker")
    stack.start("worker")
    stack.parts["stopping"].signal(signal.SIGTERM)
    openai_simulator.wait_for_calls(lambda calls: len(calls) == 2, seconds=30)  # not after the lease of a minute
    row = ended(client, generation_id)
    eventually(lambda: not stack.parts["stopping"].running())
    assets = client.call("GET", "/api/v1/content/assets").body["data"]
    billed = sum(line["amount_nanousd"] for line in openai_simulator.bill())
    assert (row["status"], row["attempts"], len(openai_simulator.calls()), [asset["id"] for asset in assets]) == (
        "succeeded",
        1,
        2,
        [row["asset_id"]],
    )
    assert (row["tokens"]["counted"], row["cost_microusd"] * 1000 >= billed) == ("estimated", True)


def test_stopped_worker_finishes_what_it_can(client, breakable, openai_simulator):
    openai_simulator.script([{"delay": 0.01}])
    generation_id = client.generate()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 5)
    breakable.parts["worker"].signal(signal.SIGTERM)
    row = ended(client, generation_id)
    eventually(lambda: not breakable.parts["worker"].running())
    assert (row["status"], row["attempts"], len(openai_simulator.calls())) == ("succeeded", 1, 1)


def test_f2_late_result_of_a_stopped_worker_is_refused(client, breakable, openai_simulator, hangs):
    hangs()
    generation_id = client.generate()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 5)
    stopped = breakable.parts.pop("worker")
    breakable.parts["stopped"] = stopped
    breakable.pause("stopped")
    breakable.start("worker")
    row = ended(client, generation_id)
    breakable.resume("stopped")
    openai_simulator.release()
    eventually(lambda: "late result" in stopped.log.read_text())
    assert client.generation(generation_id) == row
    assert ledger_of(client, generation_id) == (["reported", "unknown"], 0)


def test_f3_poison_generation_is_given_up_while_others_flow(client, breakable, openai_simulator, hangs):
    hangs(2)
    poison = client.generate()
    for attempt in (1, 2):
        openai_simulator.wait_for_calls(lambda calls, attempt=attempt: len(calls) == attempt and calls[-1]["tokens_sent"] >= 5, seconds=20)
        breakable.restart("worker")
    other = client.generate()
    assert [ended(client, other)["status"], ended(client, poison)["error"]["code"], len(openai_simulator.calls())] == [
        "succeeded",
        "attempts_exhausted",
        3,
    ]


def test_f4_killed_valkey_loses_no_generation(installation, openai_simulator):
    stack = installation("web", "beat")
    client = ApiClient(stack.url).sign_up()
    before = [client.generate() for _generation in range(3)]
    stack.kill("valkey")
    during = [client.generate() for _generation in range(3)]
    for file in (stack.home / "valkey").glob("**/*"):
        if file.is_file() and file.suffix in (".rdb", ".aof", ".manifest"):
            file.unlink()
    stack.restart("valkey")
    stack.start("worker")
    assert {ended(client, generation_id)["status"] for generation_id in (*before, *during)} == {"succeeded"}


def test_f4_worker_goes_on_after_valkey_came_back(installation):
    stack = installation()
    client = ApiClient(stack.url).sign_up()
    ended(client, client.generate())
    stack.kill("valkey")
    waiting = client.generate()
    stack.restart("valkey")
    assert ended(client, waiting, seconds=30)["status"] == "succeeded"


def test_f9_vendor_that_refuses_twice_is_asked_a_third_time(client, openai_simulator):
    openai_simulator.script([{"kind": "rate_limited", "retry_after": 1}, {"kind": "unavailable"}])
    row = ended(client, client.generate())
    first, second, _third = openai_simulator.calls()
    assert (row["status"], len(openai_simulator.bill()), first["status"], second["status"]) == ("succeeded", 1, 429, 503)
    assert ledger_of(client, row["id"]) == (["reported"], 0)


def test_f9_vendor_over_quota_is_asked_once(client, openai_simulator):
    openai_simulator.script([{"kind": "insufficient_quota"}])
    row = ended(client, client.generate())
    assert (row["status"], row["error"]["code"], row["error"]["upstream"]["status"], len(openai_simulator.calls())) == (
        "failed",
        "quota",
        429,
        1,
    )


@pytest.mark.parametrize("fault", ["html", "invalid_json", "wrong_types", "huge", "non_utf8", "deep", "empty"])
def test_f10_garbage_fails_with_its_reason(client, openai_simulator, fault):
    openai_simulator.script([{"kind": fault}] * 3)
    row = ended(client, client.generate())
    assert (row["error"]["code"], ledger_of(client, row["id"])[1]) == ("garbage", 0)


def test_f11_reader_who_leaves_does_not_stop_the_writing(client, openai_simulator):
    openai_simulator.script([{"delay": 0.02}])
    generation_id = client.generate()
    for event in client.stream(generation_id):
        if event.event == "text":
            break
    assert ended(client, generation_id)["status"] == "succeeded"


def test_f11_reader_goes_on_where_it_left_on_another_web_process(client, breakable, openai_simulator):
    openai_simulator.script([{"delay": 0.02}])
    generation_id = client.generate()
    seen = []
    for event in client.stream(generation_id):
        seen.append(event)
        if len(seen) == 4:
            break
    breakable.restart("web")
    seen += list(client.stream(generation_id, after=seen[-1].id))
    assert texts(seen) == seen[-1].data["outputs"][0]["text"]


def test_f11_reader_gets_the_final_text_when_the_stream_is_lost(installation):
    stack = installation("web", "worker")
    client = ApiClient(stack.url).sign_up()
    generation_id = client.generate()
    row = ended(client, generation_id)
    stack.kill("valkey")
    (done,) = client.stream(generation_id)
    assert (done.event, done.data) == ("done", row)


def test_f11_cancel_stops_the_vendor_within_a_second(client, openai_simulator, hangs):
    hangs()
    generation_id = client.generate()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 5)
    client.call("POST", f"/api/v1/ai/generations/{generation_id}/cancel")
    openai_simulator.wait_for_calls(lambda calls: calls[0]["client_disconnected"], seconds=1)
    row = ended(client, generation_id)
    assert (row["status"], row["tokens"]["counted"], row["cost_microusd"] > 0, row["asset_id"]) == ("cancelled", "estimated", True, None)
    assert ledger_of(client, generation_id) == (["estimated"], 0)
