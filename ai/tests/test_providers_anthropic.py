import threading
import time
from dataclasses import replace

import pytest

from ai import providers
from ai.providers.anthropic import AnthropicProvider
from ai.providers.base import CompletionRequest, Finished, Message, ProviderError, Schema, TextChunk, Usage, complete
from ai.providers.call import Timeouts
from ai.simulators.faults import GARBAGE

REQUEST = CompletionRequest("claude-haiku-4-5", (Message("system", "You write."), Message("user", "Write a post in French.")), 400, 0.8, 7)


@pytest.fixture
def provider(anthropic_simulator):
    return AnthropicProvider(
        name="anthropic", base_url=anthropic_simulator.url, timeouts=Timeouts(5, 5, 20), api_key=anthropic_simulator.key
    )


def fail(provider, request=REQUEST):
    with pytest.raises(ProviderError) as caught:
        complete(provider, request)
    return caught.value


def test_stream_gives_the_text_and_the_reported_usage(provider, anthropic_simulator):
    anthropic_simulator.script([{"text": "Bonjour à tous"}])
    assert complete(provider, REQUEST) == (
        "Bonjour à tous",
        Finished(Usage(18, 0, 4, "reported"), "stop", "claude-haiku-4-5", "req_00000001"),
    )


def test_cached_tokens_are_added_to_the_input_of_which_they_are_no_part_here(provider, anthropic_simulator):
    anthropic_simulator.script([{"text": "abc", "cached_tokens": 3, "cache_write_tokens": 5}])
    _, last = complete(provider, REQUEST)
    [line] = anthropic_simulator.bill()
    assert last.usage == Usage(18, 3, 1, "reported", 5)
    assert [line[name] for name in ("prompt_tokens", "cached_tokens", "completion_tokens", "cache_write_tokens")] == [18, 3, 1, 5]


def test_stream_sends_what_was_asked_and_nothing_that_the_api_refuses(provider, anthropic_simulator):
    complete(provider, REQUEST)
    [call] = anthropic_simulator.calls()
    assert (call["path"], call["key"], call["body"]) == (
        "/v1/messages",
        "bearer",
        {
            "model": "claude-haiku-4-5",
            "max_tokens": 400,
            "system": "You write.",
            "messages": [{"role": "user", "content": "Write a post in French."}],
            "stream": True,
        },
    )


def test_several_instructions_become_one_and_none_is_left_out(provider, anthropic_simulator):
    first, last = REQUEST.messages
    complete(provider, replace(REQUEST, messages=(first, last, Message("system", "Be brief."))))
    complete(provider, replace(REQUEST, messages=(last,)))
    assert [call["body"].get("system") for call in anthropic_simulator.calls()] == ["You write.\n\nBe brief.", None]


def test_schema_is_sent_as_the_vendors_output_format(provider, anthropic_simulator):
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": False}
    complete(provider, replace(REQUEST, schema=Schema("draft", schema)))
    [call] = anthropic_simulator.calls()
    assert call["body"]["output_config"] == {"format": {"type": "json_schema", "schema": schema}}


def test_setting_of_the_key_configures_it(anthropic_simulator, settings):
    settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL = anthropic_simulator.key, anthropic_simulator.url
    assert providers.configured() == ["anthropic"]
    assert complete(providers.get("anthropic"), REQUEST)[1].finish_reason == "stop"


def test_key_is_not_in_the_repr_of_a_provider(provider, anthropic_simulator):
    assert anthropic_simulator.key not in repr(provider)


@pytest.mark.parametrize(
    ("kind", "code", "permanent", "status"),
    [
        ("rate_limited", "rate_limited", False, 429),
        ("spend_limit", "quota", True, 429),
        ("insufficient_quota", "quota", True, 402),
        ("server_error", "overloaded", False, 500),
        ("unavailable", "overloaded", False, 529),
        ("context_length", "context_length", True, 400),
        ("content_filter_prompt", "content_filter", True, 400),
        ("key_echo", "auth", True, 401),
        ("redirect", "invalid", True, 307),
    ],
)
def test_refusal_is_translated(provider, anthropic_simulator, kind, code, permanent, status):
    anthropic_simulator.script([{"kind": kind}])
    error = fail(provider)
    assert (error.code, error.permanent, error.upstream["status"]) == (code, permanent, status)


@pytest.mark.parametrize("kind", sorted(GARBAGE | {"compressed", "truncated", "cut_mid_json", "huge"}))
def test_garbage_is_a_typed_failure(provider, anthropic_simulator, kind):
    anthropic_simulator.script([{"kind": kind}])
    error = fail(provider)
    assert (error.code, error.permanent) == ("garbage", False)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("error_mid_stream", "overloaded"),
        ("content_filter_output", "content_filter"),
        ("cut_before_usage", "connection"),
        ("reset_mid_stream", "connection"),
        ("reset", "connection"),
    ],
)
def test_broken_stream_is_translated(provider, anthropic_simulator, kind, code):
    anthropic_simulator.script([{"kind": kind}])
    assert fail(provider).code == code


@pytest.mark.parametrize("kind", ["truncated", "error_mid_stream", "cut_before_usage", "reset_mid_stream"])
def test_broken_stream_is_estimated_at_no_less_than_the_bill(provider, anthropic_simulator, kind):
    anthropic_simulator.script([{"kind": kind, "tokens": 9, "cached_tokens": 4}])
    usage = fail(provider).usage
    anthropic_simulator.wait_for_calls(lambda calls: calls[0]["finished"])
    [line] = anthropic_simulator.bill()
    assert (usage.input_tokens, usage.cached_tokens, usage.source) == (line["prompt_tokens"], 4, "estimated")
    assert usage.output_tokens >= line["completion_tokens"]


def test_turned_down_request_used_nothing(provider, anthropic_simulator):
    anthropic_simulator.script([{"kind": "unavailable"}])
    assert fail(provider).usage is None
    assert anthropic_simulator.bill() == []


def test_refusal_of_the_model_carries_the_reported_usage(provider, anthropic_simulator):
    anthropic_simulator.script([{"kind": "refusal", "text": "abc def ghi"}])
    error = fail(provider)
    assert (error.code, error.permanent, error.usage) == ("refused", True, Usage(18, 0, 3, "reported"))


@pytest.mark.parametrize("kind", ["length", "context_full"])
def test_cut_text_is_a_finish_reason_not_an_error(provider, anthropic_simulator, kind):
    anthropic_simulator.script([{"kind": kind, "text": "one two three four", "tokens": 2}])
    text, last = complete(provider, REQUEST)
    assert (text, last.finish_reason, last.usage.output_tokens) == ("one two", "length", 2)


def test_context_that_the_prompt_fills_is_an_error(provider, anthropic_simulator):
    anthropic_simulator.script([{"kind": "context_full", "tokens": 0}])
    error = fail(provider)
    assert (error.code, error.permanent, error.usage.output_tokens) == ("context_length", True, 0)


def test_nobody_listening_is_a_connection_error_that_cost_nothing(provider, unused_port):
    error = fail(replace(provider, base_url=f"http://127.0.0.1:{unused_port}"))
    assert (error.code, error.permanent, error.usage) == ("connection", False, Usage(0, 0, 0, "reported"))


def test_silence_before_the_first_byte_is_a_timeout(provider, anthropic_simulator):
    anthropic_simulator.script([{"kind": "hang_before_first_byte"}])
    error = fail(replace(provider, timeouts=Timeouts(5, 0.3, 20)))
    assert (error.code, error.permanent, error.usage.source) == ("timeout", False, "unknown")


def test_silence_in_the_middle_is_a_timeout(provider, anthropic_simulator):
    anthropic_simulator.script([{"kind": "hang_mid_stream"}])
    error = fail(replace(provider, timeouts=Timeouts(5, 0.3, 20)))
    assert (error.code, error.usage.source) == ("timeout", "estimated")


def test_slow_drip_ends_at_the_total_timeout(provider, anthropic_simulator):
    complete(provider, REQUEST)  # the SDK takes seconds to load
    anthropic_simulator.script([{"kind": "slow_drip", "delay": 0.05}])
    started = time.monotonic()
    error = fail(replace(provider, timeouts=Timeouts(5, 5, 0.5)))
    assert error.code == "timeout"
    assert time.monotonic() - started < 1.5


def test_retry_after_is_read_in_seconds(provider, anthropic_simulator):
    anthropic_simulator.script([{"kind": "rate_limited", "retry_after": 7}])
    assert fail(provider).retry_after == 7.0


def test_vendor_is_called_once_however_it_fails(provider, anthropic_simulator):
    anthropic_simulator.script([{"kind": "server_error"}])
    fail(provider)
    assert len(anthropic_simulator.calls()) == 1


def test_key_in_the_vendors_answer_is_redacted(provider, anthropic_simulator):
    anthropic_simulator.script([{"kind": "key_echo"}])
    error = fail(provider)
    assert error.upstream == {
        "provider": "anthropic",
        "status": 401,
        "code": "authentication_error",
        "message": "invalid key [secret]",
        "request_id": "req_00000001",
    }
    assert error.__context__ is None


def test_wrong_key_is_an_auth_error(provider):
    assert fail(replace(provider, api_key="sk-wrong-key")).code == "auth"


@pytest.mark.parametrize("usage", [{"output_tokens": 10**30}, {"input_tokens": -1}, {"input_tokens": "much"}])
def test_usage_that_is_no_count_is_not_believed(provider, anthropic_simulator, usage):
    anthropic_simulator.script([{"usage": usage}])
    _, last = complete(provider, REQUEST)
    assert last.usage.source == "estimated"


def test_text_is_fit_for_the_database(provider, anthropic_simulator):
    anthropic_simulator.script([{"text": "a\x00b\ud800c"}])
    assert complete(provider, REQUEST)[0] == "ab?c"


@pytest.mark.parametrize("kind", ["hang_before_first_byte", "hang_mid_stream"])
def test_close_from_another_thread_ends_a_silent_call_within_a_second(provider, anthropic_simulator, kind):
    anthropic_simulator.script([{"kind": kind, "tokens": 4}])
    completion = provider.stream(REQUEST)
    items = []
    reader = threading.Thread(target=lambda: items.extend(completion))
    reader.start()
    sent = 0 if kind == "hang_before_first_byte" else 4
    anthropic_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] == sent)
    closed = time.monotonic()
    completion.close()
    anthropic_simulator.wait_for_calls(lambda calls: calls[0]["client_disconnected"])
    reader.join(5)
    assert time.monotonic() - closed < 1
    assert items[-1].finish_reason == "cancelled"
    assert [type(item) for item in items[:-1]] == [TextChunk] * (sent // 2)


def test_close_before_the_start_calls_nobody(provider, anthropic_simulator):
    completion = provider.stream(REQUEST)
    completion.close()
    assert list(completion) == [Finished(Usage(0, 0, 0, "reported"), "cancelled", "claude-haiku-4-5", "")]
    assert anthropic_simulator.calls() == []


def test_leaving_the_block_ends_the_call_upstream(provider, anthropic_simulator):
    anthropic_simulator.script([{"kind": "hang_mid_stream", "tokens": 4}])
    with provider.stream(REQUEST) as completion:
        next(completion)
    anthropic_simulator.wait_for_calls(lambda calls: calls[0]["client_disconnected"])


def test_environment_of_the_sdk_is_ignored(provider, anthropic_simulator, environment):
    environment(
        ANTHROPIC_API_KEY="sk-other",
        ANTHROPIC_AUTH_TOKEN="other",
        ANTHROPIC_BASE_URL="http://127.0.0.1:1",
        ANTHROPIC_CUSTOM_HEADERS="Authorization: Bearer sk-other",
    )
    assert complete(provider, REQUEST)[1].finish_reason == "stop"
