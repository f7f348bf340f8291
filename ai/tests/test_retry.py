import threading
import time

import pytest

from ai.providers.base import CompletionRequest, Finished, Message, ProviderError, TextChunk
from ai.providers.call import Timeouts
from ai.providers.openai import OpenAIProvider
from ai.providers.retry import PRICE, QUIET_SECONDS, SAVED_AT_MOST, with_retries
from huntaze import valkey

REQUEST = CompletionRequest("gpt-4o-mini", (Message("user", "Write a post."),), 400)


@pytest.fixture
def provider(openai_simulator):
    return OpenAIProvider(name="openai", base_url=f"{openai_simulator.url}/v1", timeouts=Timeouts(5, 5, 20), api_key=openai_simulator.key)


class Run:
    """Collects what one retried completion gave, was told to pause and has spent."""

    def __init__(self, provider, *, pause=0.0):
        self.stopped = threading.Event()
        self.bounds = []
        self.usages = []
        self._pause = pause
        self._provider = provider

    def items(self):
        return with_retries(lambda: self._provider.stream(REQUEST), stopped=self.stopped, spent=self.usages.append, jitter=self._jitter)

    def _jitter(self, low, high):
        self.bounds.append((low, high))
        return self._pause


def test_transient_failures_are_repeated_twice_with_growing_full_jitter(provider, openai_simulator):
    openai_simulator.script([{"kind": "server_error"}, {"kind": "unavailable"}, {"text": "fine"}])
    run = Run(provider)
    assert [item.text for item in run.items() if isinstance(item, TextChunk)] == ["fine"]
    assert run.bounds == [(0.0, 1.0), (0.0, 2.0)]


def test_third_failure_is_raised(provider, openai_simulator):
    openai_simulator.script([{"kind": "server_error"}, {"kind": "server_error"}, {"kind": "unavailable"}, {"text": "never"}])
    with pytest.raises(ProviderError) as caught:
        list(Run(provider).items())
    assert (caught.value.upstream["status"], len(openai_simulator.calls())) == (503, 3)


@pytest.mark.parametrize("kind", ["insufficient_quota", "context_length", "content_filter_prompt", "key_echo", "refusal"])
def test_permanent_failure_is_not_repeated(provider, openai_simulator, kind):
    openai_simulator.script([{"kind": kind}])
    with pytest.raises(ProviderError):
        list(Run(provider).items())
    assert len(openai_simulator.calls()) == 1


def test_failure_after_the_first_text_is_not_repeated(provider, openai_simulator):
    openai_simulator.script([{"kind": "error_mid_stream"}])
    with pytest.raises(ProviderError):
        list(Run(provider).items())
    assert len(openai_simulator.calls()) == 1


def test_retry_after_is_obeyed_instead_of_jitter(provider, openai_simulator):
    openai_simulator.script([{"kind": "rate_limited", "retry_after_ms": 300, "retry_after": 9}])
    run = Run(provider)
    started = time.monotonic()
    assert isinstance(list(run.items())[-1], Finished)
    assert (run.bounds, 0.3 <= time.monotonic() - started < 3) == ([], True)


def test_retry_after_beyond_half_a_minute_gives_up_at_once(provider, openai_simulator):
    openai_simulator.script([{"kind": "rate_limited", "retry_after": 31}])
    with pytest.raises(ProviderError) as caught:
        list(Run(provider).items())
    assert (caught.value.code, caught.value.retry_after, len(openai_simulator.calls())) == ("rate_limited", 31.0, 1)


def test_usage_of_every_attempt_is_told(provider, openai_simulator):
    openai_simulator.script([{"kind": "html"}, {"kind": "rate_limited"}, {"text": "one two"}])
    run = Run(provider)
    list(run.items())
    assert [usage.source for usage in run.usages] == ["unknown", "reported"]


def test_usage_told_is_never_less_than_the_bill(provider, openai_simulator):
    openai_simulator.script([{"kind": "reset"}, {"kind": "wrong_shape"}, {"kind": "truncated"}])
    run = Run(provider)
    with pytest.raises(ProviderError):
        list(run.items())
    told = sum(usage.input_tokens + usage.output_tokens for usage in run.usages)
    assert told >= sum(line["prompt_tokens"] + line["completion_tokens"] for line in openai_simulator.bill())


def test_stop_ends_a_pause_and_calls_nobody_again(provider, openai_simulator):
    openai_simulator.script([{"kind": "server_error"}])
    run = Run(provider, pause=60)
    items = []
    reader = threading.Thread(target=lambda: items.extend(run.items()))
    reader.start()
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["finished"])
    run.stopped.set()
    reader.join(5)
    assert (reader.is_alive(), items, len(openai_simulator.calls())) == (False, [], 1)


def test_repeats_of_all_workers_stay_within_a_tenth_of_the_calls_and_a_few(provider, openai_simulator):
    refused = 5 * (SAVED_AT_MOST // PRICE)
    openai_simulator.script([{"kind": "server_error"}] * refused * 3)
    for _ in range(refused):
        with pytest.raises(ProviderError):
            list(Run(provider).items())
    assert len(openai_simulator.calls()) == refused + (SAVED_AT_MOST + refused - 1) // PRICE


def test_quiet_minute_lets_repeats_pass_again(provider, openai_simulator):
    openai_simulator.script([{"kind": "server_error"}] * 3)
    with pytest.raises(ProviderError):
        list(Run(provider).items())
    assert (int(valkey.connection().get("ai:retries")), 55 < valkey.connection().ttl("ai:retries") <= QUIET_SECONDS) == (
        SAVED_AT_MOST - 2 * PRICE,
        True,
    )
