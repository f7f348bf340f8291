import os
import signal
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai import providers
from ai.providers import circuit
from ai.providers.base import CompletionRequest, Finished, Message, ProviderError, complete
from ai.providers.circuit import Circuit, CircuitOpen, Circuits
from ai.providers.retry import with_retries
from huntaze import valkey
from huntaze.embedded.valkey import Valkey

REQUEST = CompletionRequest("gpt-4o-mini", (Message("user", "Write a post."),), 400)
START_MS = 1_800_000_000_000


class Clock:
    def __init__(self):
        self.ms = START_MS

    def __call__(self):
        return self.ms / 1000


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def circuits(clock):
    return Circuits(valkey.connection, clock=clock)


@pytest.fixture
def openai(vendor):
    return providers.get("openai")


def outcome(circuits, result="good", error=""):
    """Make one call end so, and return the token that it had, or None where it might not begin."""
    try:
        token = circuits.admit("openai", "gpt-4o")
    except CircuitOpen:
        return None
    circuits.report("openai", "gpt-4o", token, result, error)
    return token


def open_up(circuits):
    for _ in range(circuit.MIN_CALLS):
        outcome(circuits, "bad", "overloaded")


def fail(openai):
    with pytest.raises(ProviderError) as caught:
        complete(openai, REQUEST)
    return caught.value


def test_ten_failures_open_the_circuit_and_say_for_how_long(circuits):
    open_up(circuits)
    with pytest.raises(CircuitOpen) as caught:
        circuits.admit("openai", "gpt-4o")
    error = caught.value
    assert (error.code, error.retry_after, error.usage) == ("overloaded", 30.0, None)
    assert error.detail == "The AI provider failed too often; it is asked again in 30 seconds."


def test_few_failures_open_nothing(circuits):
    for _ in range(circuit.MIN_CALLS - 1):
        outcome(circuits, "bad", "timeout")
    assert outcome(circuits) == ""


def test_failures_in_the_minority_open_nothing(circuits):
    for number in range(1, 99):
        outcome(circuits, "good" if number % 3 else "bad", "timeout")
    assert outcome(circuits) == ""


def test_failures_of_more_than_a_minute_ago_do_not_count(circuits, clock):
    for _ in range(circuit.MIN_CALLS - 1):
        outcome(circuits, "bad", "timeout")
    clock.ms += 60_000
    outcome(circuits, "bad", "timeout")
    assert outcome(circuits) == ""


def test_other_deployment_has_its_own_circuit(circuits):
    open_up(circuits)
    assert circuits.admit("openai", "gpt-4o-mini") == circuits.admit("azure", "gpt-4o") == ""


def test_open_circuit_lets_one_of_many_workers_probe(circuits, clock):
    open_up(circuits)
    clock.ms += circuit.OPEN_MS
    tokens = []

    def worker():
        try:
            tokens.append(Circuits(valkey.connection, clock=clock).admit("openai", "gpt-4o"))
        except CircuitOpen:
            tokens.append(None)

    threads = [threading.Thread(target=worker) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(token is None for token in tokens) == [False] + [True] * 19


def test_probe_that_succeeds_closes_the_circuit(circuits, clock):
    open_up(circuits)
    clock.ms += circuit.OPEN_MS
    assert outcome(circuits, "good") != ""
    assert outcome(circuits) == ""


def test_probe_that_fails_opens_it_again(circuits, clock):
    open_up(circuits)
    clock.ms += circuit.OPEN_MS
    outcome(circuits, "bad", "timeout")
    assert outcome(circuits) is None


def test_probe_that_says_nothing_leaves_the_next_call_to_probe(circuits, clock):
    open_up(circuits)
    clock.ms += circuit.OPEN_MS
    tokens = [outcome(circuits, "unknown"), outcome(circuits, "unknown")]
    assert ("" in tokens, None in tokens) == (False, False)


def test_probe_whose_worker_died_is_followed_by_another_once_it_would_have_timed_out(circuits, clock, settings):
    open_up(circuits)
    clock.ms += circuit.OPEN_MS
    circuits.admit("openai", "gpt-4o")
    clock.ms += settings.AI_TOTAL_TIMEOUT_SECONDS * 1000 - 1
    assert outcome(circuits) is None
    clock.ms += 1
    assert outcome(circuits) != ""


def test_late_end_of_a_call_begun_before_changes_nothing(circuits):
    token = circuits.admit("openai", "gpt-4o")
    open_up(circuits)
    circuits.report("openai", "gpt-4o", token, "good")
    assert outcome(circuits) is None


def test_snapshot_shows_each_state_with_its_last_error(circuits, clock):
    outcome(circuits)
    assert circuits.snapshot() == [Circuit("openai", "gpt-4o", "closed", None, "", None)]
    open_up(circuits)
    opened = clock.ms
    assert circuits.snapshot() == [Circuit("openai", "gpt-4o", "open", opened, "overloaded", opened)]
    clock.ms += circuit.OPEN_MS
    assert circuits.snapshot() == [Circuit("openai", "gpt-4o", "half_open", opened, "overloaded", opened)]
    outcome(circuits)
    assert circuits.snapshot() == [Circuit("openai", "gpt-4o", "closed", clock.ms, "overloaded", opened)]


def test_snapshot_forgets_what_was_not_called_for_an_hour(circuits, clock):
    outcome(circuits)
    clock.ms += circuit.KEPT_MS
    assert circuits.snapshot() == []


STEP = st.tuples(
    st.integers(0, 40_000) | st.integers(100_000, 200_000), st.sampled_from(["good", "bad", "bad", "bad", "unknown", "left running"])
)


@settings(max_examples=25)
@given(st.lists(STEP, min_size=10, max_size=30), st.integers(1, 10))
def test_process_by_itself_follows_the_same_rules_as_all_together(steps, batch):
    valkey.connection().flushdb()
    clock = Clock()
    together, alone = Circuits(valkey.connection, clock=clock), Circuits(valkey.connection, clock=clock)
    alone._shared._rest_until = float("inf")
    for wait, result in steps:
        clock.ms += wait
        for _ in range(batch):
            begun = []
            for circuits in (together, alone):
                try:
                    begun.append((circuits, circuits.admit("openai", "gpt-4o")))
                except CircuitOpen as error:
                    begun.append((circuits, error.retry_after))
            assert [type(token) for _, token in begun] == [type(begun[0][1])] * 2
            assert bool(begun[0][1]) == bool(begun[1][1])
            for circuits, token in begun:
                if isinstance(token, str) and result != "left running":
                    circuits.report("openai", "gpt-4o", token, result, "timeout" if result == "bad" else "")
        assert together.snapshot() == alone.snapshot()


@pytest.fixture
def own_valkey(tmp_path_factory):
    home = tmp_path_factory.mktemp("valkey")
    home.chmod(0o711)
    server = Valkey(home=home, log=home / "valkey.log")
    part = server.start()
    connection = valkey.Redis.from_url(server.url, socket_connect_timeout=0.25, socket_timeout=0.25)
    yield part, lambda: connection
    part.kill()


def test_hanging_valkey_costs_a_call_no_more_than_a_quarter_of_a_second_and_opens_nothing(own_valkey):
    part, connect = own_valkey
    circuits = Circuits(connect)
    outcome(circuits)
    os.kill(part.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        tokens = [outcome(circuits) for _ in range(20)]
        seconds = time.monotonic() - started
    finally:
        os.kill(part.pid, signal.SIGCONT)
    assert (tokens, seconds < 0.4) == ([""] * 20, True)


def test_process_opens_its_own_circuit_while_valkey_is_away(own_valkey):
    part, connect = own_valkey
    circuits = Circuits(connect)
    part.kill()
    open_up(circuits)
    assert outcome(circuits) is None
    [shown] = circuits.snapshot()
    assert (shown.state, shown.last_error) == ("open", "overloaded")


def test_vendor_that_fails_is_left_alone(openai, vendor):
    vendor.script([{"kind": "unavailable"}] * circuit.MIN_CALLS)
    codes = [fail(openai).code for _ in range(circuit.MIN_CALLS)]
    assert codes == ["overloaded"] * circuit.MIN_CALLS
    assert isinstance(fail(openai), CircuitOpen)
    assert len(vendor.calls()) == circuit.MIN_CALLS


@pytest.mark.parametrize("kind", ["context_length", "content_filter_prompt", "refusal", "key_echo", "insufficient_quota"])
def test_answer_that_declines_does_not_count_against_the_vendor(openai, vendor, kind):
    vendor.script([{"kind": kind}] * (circuit.MIN_CALLS + 1))
    for _ in range(circuit.MIN_CALLS + 1):
        assert type(fail(openai)) is ProviderError


def test_cancelled_call_says_nothing_of_the_vendor(openai, vendor):
    for _ in range(circuit.MIN_CALLS + 1):
        completion = openai.stream(REQUEST)
        completion.close()
        assert [item.finish_reason for item in completion if isinstance(item, Finished)] == ["cancelled"]
    assert circuit.CIRCUITS.snapshot() == []


def test_call_that_is_left_in_the_middle_says_nothing_of_the_vendor(openai, vendor):
    with openai.stream(REQUEST) as completion:
        next(completion)
    assert circuit.CIRCUITS.snapshot() == []


def test_open_circuit_is_not_waited_for(openai, vendor):
    vendor.script([{"kind": "unavailable"}] * circuit.MIN_CALLS)
    for _ in range(circuit.MIN_CALLS):
        fail(openai)
    spent = []
    with pytest.raises(CircuitOpen):
        list(with_retries(lambda: openai.stream(REQUEST), stopped=threading.Event(), spent=spent.append))
    assert spent == []


def test_moderations_and_embeddings_have_circuits_of_their_own(openai, vendor):
    vendor.script([{"kind": "unavailable"}] * circuit.MIN_CALLS)
    for _ in range(circuit.MIN_CALLS):
        with pytest.raises(ProviderError):
            openai.moderate(["a"])
    with pytest.raises(CircuitOpen):
        openai.moderate(["a"])
    openai.embed(["a"], model="text-embedding-3-small")
    assert [(shown.deployment, shown.state) for shown in circuit.CIRCUITS.snapshot()] == [
        ("moderation", "open"),
        ("text-embedding-3-small", "closed"),
    ]
