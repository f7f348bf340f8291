"""Generations on real processes whose parts are killed and stopped (guarantees F1 to F4)."""

import signal

from ai.tests.installation import LEASE_SECONDS, PARTS, ended, ledger_of, settings_for, texts
from huntaze.tests.client import ApiClient
from huntaze.tests.processes import eventually


def test_main_job_streams_as_it_is_written_and_ends_with_its_cost(creator, openai_simulator):
    generation_id = creator.generate()
    events = list(creator.stream(generation_id))
    done = events[-1].data
    assert (events[0].event, texts(events), done["status"], done["cost_microusd"], done["asset_id"] is not None) == (
        "started",
        done["outputs"][0]["text"],
        "succeeded",
        -(-sum(line["amount_nanousd"] for line in openai_simulator.bill()) // 1000),
        True,
    )


def test_f1_killed_worker_gives_one_result_within_the_lease_and_five_seconds(creator, breakable, openai_simulator, hangs):
    hangs()
    generation_id = creator.generate()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 5)
    breakable.parts["killed"] = breakable.parts.pop("worker")
    breakable.start("worker")
    breakable.kill("killed")
    eventually(lambda: creator.generation(generation_id)["attempts"] == 2, seconds=LEASE_SECONDS + 5)
    row = ended(creator, generation_id)
    assets = creator.call("GET", "/api/v1/content/assets").body["data"]
    assert (row["status"], row["attempts"], len(openai_simulator.calls()), [asset["id"] for asset in assets]) == (
        "succeeded",
        2,
        2,
        [row["asset_id"]],
    )
    assert ledger_of(creator, generation_id) == (["reported", "unknown"], 0)


def test_stopped_worker_gives_its_generation_back_at_once(start_stack, openai_simulator, hangs):
    stack = start_stack(*PARTS, **settings_for(openai_simulator) | {"LEASE_SECONDS": "60"})
    creator = ApiClient(stack.url).sign_up()
    hangs()
    generation_id = creator.generate()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 5)
    stack.parts["stopping"] = stack.parts.pop("worker")
    stack.start("worker")
    stack.parts["stopping"].signal(signal.SIGTERM)
    openai_simulator.wait_for_calls(lambda calls: len(calls) == 2, seconds=30)  # not after the lease of a minute
    row = ended(creator, generation_id)
    eventually(lambda: not stack.parts["stopping"].running())
    assets = creator.call("GET", "/api/v1/content/assets").body["data"]
    billed = sum(line["amount_nanousd"] for line in openai_simulator.bill())
    assert (row["status"], row["attempts"], len(openai_simulator.calls()), [asset["id"] for asset in assets]) == (
        "succeeded",
        1,
        2,
        [row["asset_id"]],
    )
    assert (row["tokens"]["counted"], row["cost_microusd"] * 1000 >= billed) == ("estimated", True)


def test_stopped_worker_finishes_what_it_can(creator, breakable, openai_simulator):
    openai_simulator.script([{"delay": 0.01}])
    generation_id = creator.generate()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 5)
    breakable.parts["worker"].signal(signal.SIGTERM)
    row = ended(creator, generation_id)
    eventually(lambda: not breakable.parts["worker"].running())
    assert (row["status"], row["attempts"], len(openai_simulator.calls())) == ("succeeded", 1, 1)


def test_f2_late_result_of_a_stopped_worker_is_refused(creator, breakable, openai_simulator, hangs):
    hangs()
    generation_id = creator.generate()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] >= 5)
    stopped = breakable.parts.pop("worker")
    breakable.parts["stopped"] = stopped
    breakable.pause("stopped")
    breakable.start("worker")
    row = ended(creator, generation_id)
    breakable.resume("stopped")
    openai_simulator.release()
    eventually(lambda: "late result" in stopped.log.read_text())
    assert creator.generation(generation_id) == row
    assert ledger_of(creator, generation_id) == (["reported", "unknown"], 0)


def test_f3_poison_generation_is_given_up_while_others_flow(creator, breakable, openai_simulator, hangs):
    hangs(2)
    poison = creator.generate()
    for attempt in (1, 2):
        openai_simulator.wait_for_calls(lambda calls, attempt=attempt: len(calls) == attempt and calls[-1]["tokens_sent"] >= 5, seconds=20)
        breakable.restart("worker")
    other = creator.generate()
    assert [ended(creator, other)["status"], ended(creator, poison)["error"]["code"], len(openai_simulator.calls())] == [
        "succeeded",
        "attempts_exhausted",
        3,
    ]


def test_f4_killed_valkey_loses_no_generation(installation, openai_simulator):
    stack = installation("web", "beat")
    creator = ApiClient(stack.url).sign_up()
    before = [creator.generate() for _generation in range(3)]
    stack.kill("valkey")
    during = [creator.generate() for _generation in range(3)]
    for file in (stack.home / "valkey").glob("**/*"):
        if file.is_file() and file.suffix in (".rdb", ".aof", ".manifest"):
            file.unlink()
    stack.restart("valkey")
    stack.start("worker")
    assert {ended(creator, generation_id)["status"] for generation_id in (*before, *during)} == {"succeeded"}


def test_f4_worker_goes_on_after_valkey_came_back(installation):
    stack = installation()
    creator = ApiClient(stack.url).sign_up()
    ended(creator, creator.generate())
    stack.kill("valkey")
    waiting = creator.generate()
    stack.restart("valkey")
    assert ended(creator, waiting, seconds=30)["status"] == "succeeded"
