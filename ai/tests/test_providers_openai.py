import threading
import time
from dataclasses import replace

import pytest

from ai import providers
from ai.providers.base import (
    CompletionRequest,
    Finished,
    Message,
    ProviderError,
    Schema,
    TextChunk,
    Usage,
    complete,
    estimate_tokens,
    estimate_usage,
    most_usage,
)
from ai.providers.call import Timeouts
from ai.providers.openai import OpenAIProvider
from ai.simulators.faults import GARBAGE

REQUEST = CompletionRequest("gpt-4o-mini", (Message("system", "You write."), Message("user", "Write a post in French.")), 400, 0.8, 7)


@pytest.fixture
def provider(openai_simulator):
    return OpenAIProvider(name="openai", base_url=f"{openai_simulator.url}/v1", timeouts=Timeouts(5, 5, 20), api_key=openai_simulator.key)


def run(provider, request=REQUEST):
    with provider.stream(request) as completion:
        items = list(completion)
    return "".join(item.text for item in items if isinstance(item, TextChunk)), items[-1]


def fail(provider, request=REQUEST):
    with pytest.raises(ProviderError) as caught:
        run(provider, request)
    return caught.value


def test_stream_gives_the_text_and_the_reported_usage(provider, openai_simulator):
    openai_simulator.script([{"text": "Bonjour à tous", "cached_tokens": 3}])
    text, last = run(provider)
    assert text == "Bonjour à tous"
    assert last == Finished(Usage(16, 3, 4, "reported"), "stop", "gpt-4o-mini", "req_00000001")


def test_stream_sends_what_was_asked_and_no_more(provider, openai_simulator):
    run(provider)
    [call] = openai_simulator.calls()
    assert call["body"] == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "system", "content": "You write."}, {"role": "user", "content": "Write a post in French."}],
        "max_completion_tokens": 400,
        "temperature": 0.8,
        "seed": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_stream_leaves_out_what_is_not_set(provider, openai_simulator):
    run(provider, replace(REQUEST, temperature=None, seed=None))
    [call] = openai_simulator.calls()
    assert sorted(call["body"]) == ["max_completion_tokens", "messages", "model", "stream", "stream_options"]


def test_schema_is_sent_as_the_vendors_strict_json_mode(provider, openai_simulator):
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    run(provider, replace(REQUEST, schema=Schema("draft", schema)))
    [call] = openai_simulator.calls()
    assert call["body"]["response_format"] == {"type": "json_schema", "json_schema": {"name": "draft", "strict": True, "schema": schema}}


def test_schema_counts_as_part_of_the_prompt():
    asked = replace(REQUEST, schema=Schema("draft", {"type": "object"}))
    estimates = [estimate_usage(request, output="", chunks=0, source="unknown").input_tokens for request in (asked, REQUEST)]
    assert (most_usage(asked).input_tokens - most_usage(REQUEST).input_tokens, estimates[0] - estimates[1]) == (23, 8)


def test_tokens_put_into_the_vendors_cache_are_told(provider, openai_simulator):
    openai_simulator.script([{"text": "abc", "usage": {"prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 5}}}])
    _, last = run(provider)
    assert last.usage == Usage(16, 3, 1, "reported", 5)


def test_complete_gives_the_whole_text_and_its_end(provider, openai_simulator):
    openai_simulator.script([{"text": "one two"}])
    assert complete(provider, REQUEST) == ("one two", Finished(Usage(16, 0, 2, "reported"), "stop", "gpt-4o-mini", "req_00000001"))


@pytest.mark.parametrize("kind", ["content_filter_prompt", "content_filter_output", "refusal"])
def test_blocked_prompt_may_not_be_asked_elsewhere(provider, openai_simulator, kind):
    openai_simulator.script([{"kind": kind}])
    assert fail(provider).may_be_asked_elsewhere is False


@pytest.mark.parametrize("kind", ["rate_limited", "insufficient_quota", "server_error", "context_length", "html", "reset"])
def test_failure_of_another_kind_may_be_asked_elsewhere(provider, openai_simulator, kind):
    openai_simulator.script([{"kind": kind}])
    assert fail(provider).may_be_asked_elsewhere is True


def test_azure_v1_gets_the_key_in_its_own_header(openai_simulator):
    azure = OpenAIProvider(
        name="azure",
        base_url=f"{openai_simulator.url}/openai/v1/",
        timeouts=Timeouts(5, 5, 20),
        api_key=openai_simulator.key,
        key_header="api-key",
    )
    _, last = run(azure)
    [call] = openai_simulator.calls()
    assert (call["path"], call["key"], last.usage.source) == ("/openai/v1/chat/completions", "api-key", "reported")


def test_azure_dated_api_names_the_deployment_in_the_path(openai_simulator):
    azure = OpenAIProvider(
        name="azure", base_url=openai_simulator.url, timeouts=Timeouts(5, 5, 20), api_key=openai_simulator.key, api_version="2024-10-21"
    )
    _, last = run(azure, replace(REQUEST, model="my-deployment"))
    [call] = openai_simulator.calls()
    assert (call["path"], call["key"], last.model) == ("/openai/deployments/my-deployment/chat/completions", "api-key", "my-deployment")


def test_compatible_server_gets_the_older_name_of_the_limit(openai_simulator, settings):
    settings.AI_BASE_URL, settings.AI_API_KEY = f"{openai_simulator.url}/v1", openai_simulator.key
    run(providers.get("compatible"))
    [call] = openai_simulator.calls()
    assert (call["body"]["max_tokens"], "max_completion_tokens" in call["body"]) == (400, False)


def test_settings_decide_which_providers_are_configured(settings):
    settings.OPENAI_API_KEY = settings.AZURE_OPENAI_API_KEY = "sk-x"
    settings.AZURE_OPENAI_ENDPOINT = "https://name.openai.azure.com"
    settings.AI_BASE_URL, settings.LOCAL_AI_URL = "http://127.0.0.1:1/v1", "http://127.0.0.1:2"
    assert providers.configured() == ["azure", "openai", "compatible", "local"]


def test_no_setting_configures_no_provider(settings):
    for name in ("OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AI_BASE_URL", "LOCAL_AI_URL"):
        setattr(settings, name, "")
    assert providers.configured() == []
    with pytest.raises(LookupError):
        providers.get("openai")


def test_key_is_not_in_the_repr_of_a_provider(provider, openai_simulator):
    assert openai_simulator.key not in repr(provider)


@pytest.mark.parametrize(
    ("behaviour", "code", "permanent", "status"),
    [
        ({"kind": "rate_limited"}, "rate_limited", False, 429),
        ({"kind": "insufficient_quota"}, "quota", True, 429),
        ({"kind": "server_error"}, "overloaded", False, 500),
        ({"kind": "unavailable"}, "overloaded", False, 503),
        ({"kind": "context_length"}, "context_length", True, 400),
        ({"kind": "content_filter_prompt"}, "content_filter", True, 400),
        ({"kind": "key_echo"}, "auth", True, 401),
        ({"kind": "redirect"}, "invalid", True, 307),
    ],
)
def test_refusal_is_translated(provider, openai_simulator, behaviour, code, permanent, status):
    openai_simulator.script([behaviour])
    error = fail(provider)
    assert (error.code, error.permanent, error.upstream["status"]) == (code, permanent, status)


@pytest.mark.parametrize("kind", sorted(GARBAGE | {"compressed", "truncated", "cut_mid_json", "huge"}))
def test_garbage_is_a_typed_failure(provider, openai_simulator, kind):
    openai_simulator.script([{"kind": kind}])
    error = fail(provider)
    assert (error.code, error.permanent) == ("garbage", False)


def test_garbage_after_text_is_estimated_at_no_less_than_the_bill(provider, openai_simulator):
    openai_simulator.script([{"kind": "truncated", "tokens": 9}])
    usage = fail(provider).usage
    [line] = openai_simulator.bill()
    assert usage.source == "estimated"
    assert (usage.input_tokens >= line["prompt_tokens"], usage.output_tokens >= line["completion_tokens"]) == (True, True)


def test_turned_down_request_used_nothing(provider, openai_simulator):
    openai_simulator.script([{"kind": "rate_limited"}])
    assert fail(provider).usage is None
    assert openai_simulator.bill() == []


def test_filtered_prompt_may_have_been_billed(provider, openai_simulator):
    openai_simulator.script([{"kind": "content_filter_prompt"}])
    usage = fail(provider).usage
    assert (usage.source, usage.output_tokens) == ("unknown", 0)


@pytest.mark.parametrize(("kind", "code"), [("content_filter_output", "content_filter"), ("refusal", "refused")])
def test_declined_answer_carries_the_reported_usage(provider, openai_simulator, kind, code):
    openai_simulator.script([{"kind": kind, "text": "abc def ghi"}])
    error = fail(provider)
    assert (error.code, error.permanent, error.usage) == (code, True, Usage(16, 0, 3, "reported"))


def test_cut_length_is_a_finish_reason_not_an_error(provider, openai_simulator):
    openai_simulator.script([{"kind": "length", "text": "one two three four", "tokens": 2}])
    text, last = run(provider)
    assert (text, last.finish_reason, last.usage.output_tokens) == ("one two", "length", 2)


def test_stream_without_usage_at_its_end_is_estimated(provider, openai_simulator):
    openai_simulator.script([{"kind": "cut_before_usage", "text": "one two three four"}])
    text, last = run(provider)
    assert (text, last.finish_reason, last.usage.source, last.usage.output_tokens) == ("one two three four", "stop", "estimated", 6)


@pytest.mark.parametrize(
    ("kind", "code"), [("error_mid_stream", "overloaded"), ("reset_mid_stream", "connection"), ("reset", "connection")]
)
def test_broken_stream_is_translated(provider, openai_simulator, kind, code):
    openai_simulator.script([{"kind": kind}])
    error = fail(provider)
    assert (error.code, error.permanent) == (code, False)


def test_nobody_listening_is_a_connection_error_that_cost_nothing(provider, unused_port):
    error = fail(replace(provider, base_url=f"http://127.0.0.1:{unused_port}/v1"))
    assert (error.code, error.permanent, error.usage) == ("connection", False, Usage(0, 0, 0, "reported"))


def test_silence_before_the_first_byte_is_a_timeout(provider, openai_simulator):
    openai_simulator.script([{"kind": "hang_before_first_byte"}])
    error = fail(replace(provider, timeouts=Timeouts(5, 0.3, 20)))
    assert (error.code, error.permanent, error.usage.source) == ("timeout", False, "unknown")


def test_slow_drip_ends_at_the_total_timeout(provider, openai_simulator):
    openai_simulator.script([{"kind": "slow_drip", "delay": 0.05}])
    started = time.monotonic()
    error = fail(replace(provider, timeouts=Timeouts(5, 5, 0.5)))
    assert error.code == "timeout"
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(("field", "asked", "seconds"), [("retry_after", 7, 7.0), ("retry_after_ms", 1500, 1.5)])
def test_retry_after_is_read_in_seconds(provider, openai_simulator, field, asked, seconds):
    openai_simulator.script([{"kind": "rate_limited", field: asked}])
    assert fail(provider).retry_after == seconds


def test_vendor_is_called_once_however_it_fails(provider, openai_simulator):
    openai_simulator.script([{"kind": "server_error"}])
    fail(provider)
    assert len(openai_simulator.calls()) == 1


def test_key_in_the_vendors_answer_is_redacted(provider, openai_simulator):
    openai_simulator.script([{"kind": "key_echo"}])
    error = fail(provider)
    assert error.upstream == {
        "provider": "openai",
        "status": 401,
        "code": "invalid_api_key",
        "message": "Incorrect API key provided: [secret]",
        "request_id": "req_00000001",
    }
    assert error.__context__ is None


def test_wrong_key_is_an_auth_error(provider):
    assert fail(replace(provider, api_key="sk-wrong-key")).code == "auth"


def test_usage_that_is_no_count_is_not_believed(provider, openai_simulator):
    openai_simulator.script([{"usage": {"prompt_tokens": -1, "completion_tokens": 10**30}}])
    _, last = run(provider)
    assert last.usage.source == "estimated"


def test_text_is_fit_for_the_database(provider, openai_simulator):
    openai_simulator.script([{"text": "a\x00b\ud800c"}])
    text, _ = run(provider)
    assert text == "ab?c"


@pytest.mark.parametrize("kind", ["hang_before_first_byte", "hang_mid_stream"])
def test_close_from_another_thread_ends_a_silent_call_within_a_second(provider, openai_simulator, kind):
    openai_simulator.script([{"kind": kind, "tokens": 4}])
    completion = provider.stream(REQUEST)
    items = []
    reader = threading.Thread(target=lambda: items.extend(completion))
    reader.start()
    sent = 0 if kind == "hang_before_first_byte" else 4
    openai_simulator.wait_for_calls(lambda calls: bool(calls) and calls[0]["tokens_sent"] == sent)
    closed = time.monotonic()
    completion.close()
    openai_simulator.wait_for_calls(lambda calls: calls[0]["client_disconnected"])
    reader.join(5)
    assert time.monotonic() - closed < 1
    assert (items[-1].finish_reason, len(items) - 1) == ("cancelled", sent)


def test_cancelled_call_is_estimated_at_no_less_than_the_bill(provider, openai_simulator):
    openai_simulator.script([{"kind": "hang_mid_stream", "tokens": 12}])
    with provider.stream(REQUEST) as completion:
        items = []
        for item in completion:
            items.append(item)
            if len(items) == 12:
                completion.close()
    openai_simulator.wait_for_calls(lambda calls: calls[0]["finished"])
    [line] = openai_simulator.bill()
    usage = items[-1].usage
    assert usage.source == "estimated"
    assert (usage.input_tokens >= line["prompt_tokens"], usage.output_tokens >= line["completion_tokens"]) == (True, True)


def test_close_before_the_start_calls_nobody(provider, openai_simulator):
    completion = provider.stream(REQUEST)
    completion.close()
    assert list(completion) == [Finished(Usage(0, 0, 0, "reported"), "cancelled", "gpt-4o-mini", "")]
    assert openai_simulator.calls() == []


def test_leaving_the_block_ends_the_call_upstream(provider, openai_simulator):
    openai_simulator.script([{"kind": "hang_mid_stream", "tokens": 3}])
    with provider.stream(REQUEST) as completion:
        next(completion)
    openai_simulator.wait_for_calls(lambda calls: calls[0]["client_disconnected"])


def test_environment_of_the_sdk_is_ignored(provider, openai_simulator, environment):
    environment(OPENAI_API_KEY="sk-other", OPENAI_BASE_URL="http://127.0.0.1:1", OPENAI_ORG_ID="org-1", AZURE_OPENAI_AD_TOKEN="t")
    _, last = run(provider)
    assert last.finish_reason == "stop"


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 2), ("été", 2), ("日本", 2)])
def test_estimate_counts_three_bytes_a_token(text, tokens):
    assert estimate_tokens(text) == tokens
