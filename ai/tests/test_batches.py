"""Batches of OpenAI, Azure and Anthropic, through the real adapters and the simulated vendors."""

from dataclasses import replace

import anthropic
import openai
import pytest
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from openai.types import Batch, FileObject

from ai import providers
from ai.providers.anthropic import AnthropicProvider
from ai.providers.base import BatchRequest, BatchStatus, CompletionRequest, Message, ProviderError, Schema, Usage, most_usage
from ai.providers.call import Timeouts
from ai.providers.openai import OpenAIProvider

TIMEOUTS = Timeouts(5, 5, 20)
NOTHING = Usage(0, 0, 0, "reported")
UPLOADED = {"openai": [{}], "azure": [{}], "anthropic": []}  # what of a script the upload of the file takes


def openai_at(simulator) -> OpenAIProvider:
    return OpenAIProvider(name="openai", base_url=f"{simulator.url}/v1", timeouts=TIMEOUTS, api_key=simulator.key)


def azure_at(simulator) -> OpenAIProvider:
    return OpenAIProvider(
        name="azure", base_url=simulator.url, timeouts=TIMEOUTS, api_key=simulator.key, api_version="2024-10-21", key_header="api-key"
    )


def anthropic_at(simulator) -> AnthropicProvider:
    return AnthropicProvider(name="anthropic", base_url=simulator.url, timeouts=TIMEOUTS, api_key=simulator.key)


@pytest.fixture(params=[openai_at, azure_at, anthropic_at], ids=["openai", "azure", "anthropic"])
def provider(request, openai_simulator):
    return request.param(openai_simulator)


def orders(count, model="gpt-4o-mini", **fields) -> list[BatchRequest]:
    """Return requests that differ, so that each has its own answer."""
    words = [(Message("system", "You write."), Message("user", f"Write a post about topic {number}.")) for number in range(count)]
    return [BatchRequest(f"request-{number}", CompletionRequest(model, said, 400, **fields)) for number, said in enumerate(words)]


def hand_over(provider, simulator, requests, *, batch=None, items=()) -> str:
    """Submit a batch that meets `batch`, its requests `items`."""
    simulator.script([*UPLOADED[provider.name], batch or {}, *items])
    return provider.submit_batch(requests)


def wait_for(provider, batch_id) -> BatchStatus:
    while (status := provider.batch_status(batch_id)).state == "running":
        pass
    return status


def run(provider, simulator, requests, **script):
    batch_id = hand_over(provider, simulator, requests, **script)
    wait_for(provider, batch_id)
    return provider.batch_results(batch_id, requests)


def shape(results) -> list[str]:
    """Return how each ended: the code of its error, or its reason."""
    return [result.error.code if result.error else result.finished.finish_reason for result in results]


def test_simulated_openai_batch_is_what_the_sdk_calls_one(openai_simulator):
    with openai.OpenAI(base_url=f"{openai_simulator.url}/v1", api_key=openai_simulator.key, max_retries=0) as sdk:
        line = b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o-mini", "messages": []}}'
        file = sdk.files.with_raw_response.create(file=("a.jsonl", line), purpose="batch")
        file_id = FileObject.model_validate_json(file.text, strict=True).id
        made = sdk.batches.with_raw_response.create(input_file_id=file_id, endpoint="/v1/chat/completions", completion_window="24h")
        shown = [Batch.model_validate_json(made.text, strict=True)]
        shown += [Batch.model_validate_json(sdk.batches.with_raw_response.retrieve(shown[0].id).text, strict=True) for _look in range(2)]
    assert [batch.status for batch in shown] == ["validating", "in_progress", "completed"]


def test_simulated_anthropic_batch_is_what_the_sdk_calls_one(anthropic_simulator):
    params = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    with anthropic.Anthropic(base_url=anthropic_simulator.url, api_key=anthropic_simulator.key, max_retries=0) as sdk:
        made = sdk.messages.batches.with_raw_response.create(requests=[{"custom_id": "a", "params": params}])
        shown = [MessageBatch.model_validate_json(made.text())]
        shown += [
            MessageBatch.model_validate_json(sdk.messages.batches.with_raw_response.retrieve(shown[0].id).text()) for _look in range(2)
        ]
        [line] = sdk.messages.batches.results(shown[0].id)
    assert [batch.processing_status for batch in shown] == ["in_progress", "in_progress", "ended"]
    assert MessageBatchIndividualResponse.model_validate(line.model_dump()).result.type == "succeeded"


def test_each_request_gets_its_own_answer_though_lines_come_in_another_order(provider, openai_simulator):
    requests = orders(3)
    results = run(provider, openai_simulator, requests, items=[{"text": "one"}, {"text": "two"}, {"text": "three"}])
    assert [(result.custom_id, result.text) for result in results] == [("request-0", "one"), ("request-1", "two"), ("request-2", "three")]
    assert shape(results) == ["stop", "stop", "stop"]


def test_state_goes_from_running_to_ended_with_its_counts(provider, openai_simulator):
    batch_id = hand_over(provider, openai_simulator, orders(2))
    assert provider.batch_status(batch_id).state == "running"
    assert wait_for(provider, batch_id) == BatchStatus("ended", 2, 2)


def test_request_of_a_batch_is_what_a_call_would_send(provider, openai_simulator):
    schema = Schema("post", {"type": "object", "properties": {}, "required": [], "additionalProperties": False})
    [item] = orders(1, schema=schema)
    run(provider, openai_simulator, [item])
    with provider.stream(item.request) as completion:
        list(completion)
    in_batch, alone = [call["body"] for call in openai_simulator.calls() if "messages" in call["body"]]
    assert in_batch == {name: value for name, value in alone.items() if name not in ("stream", "stream_options")}


def test_reported_usage_is_the_bill_at_half_the_price(provider, openai_simulator):
    items = [{"cached_tokens": 3, "cache_write_tokens": 2}, {}]
    results = run(provider, openai_simulator, orders(2, "claude-sonnet-5-5"), items=items)
    lines = {line["prompt_tokens"]: line for line in openai_simulator.bill()}
    for result in results:
        usage = result.finished.usage
        fresh = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
        whole = fresh * 2_000 + usage.cached_tokens * 100 + usage.cache_write_tokens * 2_500 + usage.output_tokens * 10_000
        assert usage.source == "reported"
        assert whole // 2 in [line["amount_nanousd"] for line in openai_simulator.bill()]
    assert [line["batch"] for line in openai_simulator.bill()] == [True, True]
    assert len(lines) == 1


def test_some_may_fail_while_the_others_are_answered(provider, openai_simulator):
    kinds = ["ok", "rate_limited", "context_length", "server_error", "insufficient_quota", "refusal", "length", "ok"]
    results = run(provider, openai_simulator, orders(8), items=[{"kind": kind} for kind in kinds])
    assert shape(results) == ["stop", "rate_limited", "context_length", "overloaded", "quota", "refused", "length", "stop"]


def test_request_that_failed_cost_nothing_and_a_refusal_what_it_reports(provider, openai_simulator):
    failed, refused = run(provider, openai_simulator, orders(2), items=[{"kind": "server_error"}, {"kind": "refusal"}])
    [line] = openai_simulator.bill()
    assert failed.error.usage in (None, NOTHING)
    assert (refused.error.usage.source, refused.error.usage.output_tokens) == ("reported", line["completion_tokens"])


def test_filter_of_the_prompt_is_a_filter_and_goes_nowhere_else(provider, openai_simulator):
    [result] = run(provider, openai_simulator, orders(1), items=[{"kind": "content_filter_prompt"}])
    assert (result.error.code, result.error.may_be_asked_elsewhere) == ("content_filter", False)


def test_batch_that_runs_out_of_time_keeps_what_was_done(provider, openai_simulator):
    results = run(provider, openai_simulator, orders(3), batch={"kind": "batch_expires", "tokens": 1})
    assert shape(results) == ["stop", "timeout", "timeout"]
    assert [result.error.usage for result in results[1:]] == [NOTHING, NOTHING]
    assert [result.error.permanent for result in results[1:]] == [False, False]


def test_cancelled_batch_costs_nothing_where_none_was_begun(provider, openai_simulator):
    requests = orders(2)
    batch_id = hand_over(provider, openai_simulator, requests)
    provider.cancel_batch(batch_id)
    wait_for(provider, batch_id)
    results = provider.batch_results(batch_id, requests)
    assert (shape(results), [result.finished.usage for result in results]) == (["cancelled"] * 2, [NOTHING] * 2)
    assert openai_simulator.bill() == []


def test_batch_cancelled_late_gives_what_was_done(provider, openai_simulator):
    requests = orders(2)
    batch_id = hand_over(provider, openai_simulator, requests)
    provider.batch_status(batch_id)
    provider.cancel_batch(batch_id)
    wait_for(provider, batch_id)
    assert shape(provider.batch_results(batch_id, requests)) == ["stop", "stop"]


@pytest.mark.parametrize("kind", ["lost_line", "garbage_line"])
def test_lost_answer_is_garbage_that_may_have_cost_the_most(provider, openai_simulator, kind):
    requests = orders(3)
    results = run(provider, openai_simulator, requests, items=[{}, {"kind": kind}, {}])
    assert shape(results) == ["stop", "garbage", "stop"]
    assert results[1].error.usage == most_usage(requests[1].request)
    assert [line["reported"] for line in openai_simulator.bill()] == [True, False, True]


def test_answer_without_a_count_is_estimated_at_no_less_than_the_bill(provider, openai_simulator):
    spoiled = {"prompt_tokens": -1, "input_tokens": -1, "output_tokens": None}
    [result] = run(provider, openai_simulator, orders(1), items=[{"text": "a b c d e f g h i j", "usage": spoiled}])
    [line] = openai_simulator.bill()
    usage = result.finished.usage
    assert (usage.source, result.text) == ("estimated", "a b c d e f g h i j")
    assert (usage.input_tokens >= line["prompt_tokens"], usage.output_tokens >= line["completion_tokens"]) == (True, True)


@pytest.mark.parametrize("kind", ["html", "empty", "deep", "non_utf8", "compressed", "reset", "not_an_object"])
def test_results_that_are_none_settle_nothing_and_can_be_read_again(provider, openai_simulator, kind):
    requests = orders(2)
    batch_id = hand_over(provider, openai_simulator, requests)
    wait_for(provider, batch_id)
    openai_simulator.script([*UPLOADED[provider.name], {"kind": kind}])
    with pytest.raises(ProviderError) as caught:
        provider.batch_results(batch_id, requests)
    assert (caught.value.code, caught.value.permanent) == ("connection" if kind == "reset" else "garbage", False)
    assert shape(provider.batch_results(batch_id, requests)) == ["stop", "stop"]


def test_results_of_a_running_batch_are_not_to_be_had(provider, openai_simulator):
    requests = orders(1)
    batch_id = hand_over(provider, openai_simulator, requests)
    with pytest.raises(ProviderError):
        provider.batch_results(batch_id, requests)


@pytest.mark.parametrize(
    ("kind", "code", "may_exist"),
    [
        ("rate_limited", "rate_limited", False),
        ("insufficient_quota", "quota", False),
        ("key_echo", "auth", False),
        ("html", "garbage", True),
        ("reset", "connection", True),
    ],
)
def test_submission_that_fails_says_whether_the_batch_may_exist(provider, openai_simulator, kind, code, may_exist):
    requests = orders(2)
    with pytest.raises(ProviderError) as caught:
        hand_over(provider, openai_simulator, requests, batch={"kind": kind})
    mosts = [most_usage(item.request) for item in requests]
    most = Usage(sum(usage.input_tokens for usage in mosts), 0, 800, "unknown")
    assert (caught.value.code, caught.value.usage) == (code, most if may_exist else None)
    assert openai_simulator.key not in str(caught.value.upstream)


@pytest.mark.parametrize("kind", ["rate_limited", "html", "reset", "server_error"])
def test_upload_that_fails_costs_nothing(openai_simulator, kind):
    openai_simulator.script([{"kind": kind}])
    with pytest.raises(ProviderError) as caught:
        openai_at(openai_simulator).submit_batch(orders(1))
    assert caught.value.usage in (None, NOTHING)
    assert [call["path"] for call in openai_simulator.calls()] == ["/v1/files"]


@pytest.mark.parametrize("kind", ["rate_limited", "html", "reset", "wrong_shape"])
def test_state_that_cannot_be_read_is_an_error(provider, openai_simulator, kind):
    batch_id = hand_over(provider, openai_simulator, orders(1))
    openai_simulator.script([{"kind": kind}])
    with pytest.raises(ProviderError):
        provider.batch_status(batch_id)


def test_batch_that_the_vendor_takes_none_of_has_failed_with_the_reason(openai_simulator):
    adapter = openai_at(openai_simulator)
    batch_id = adapter.submit_batch([*orders(1), *(replace(item, custom_id="other") for item in orders(1, "gpt-4o"))])
    status = wait_for(adapter, batch_id)
    assert (status.state, status.error.code, status.error.upstream["code"]) == ("failed", "invalid", "mismatched_model")
    assert openai_simulator.bill() == []


def test_azures_dated_api_has_its_own_paths(openai_simulator):
    adapter = azure_at(openai_simulator)
    run(adapter, openai_simulator, orders(1, "cheap-batches"))
    paths = [call["path"] for call in openai_simulator.calls() if not call["batch"]]
    assert (paths[0], paths[1]) == ("/openai/files", "/openai/batches")
    assert openai_simulator.calls()[1]["body"]["endpoint"] == "/chat/completions"


def test_five_hundred_requests_are_one_batch(provider, openai_simulator):
    results = run(provider, openai_simulator, orders(500))
    assert (len(results), {result.text == "" for result in results}, len(openai_simulator.bill())) == (500, {False}, 500)


def test_providers_that_take_batches(settings, openai_simulator):
    settings.OPENAI_API_KEY, settings.ANTHROPIC_API_KEY = "sk-openai", "sk-anthropic"
    settings.AI_BASE_URL = "http://127.0.0.1:9/v1"
    names = ("openai", "anthropic", "compatible", "azure")
    assert [providers.batcher(name) is not None for name in names] == [True, True, False, False]


def test_batch_goes_through_the_circuit(settings, openai_simulator):
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = f"{openai_simulator.url}/v1", openai_simulator.key
    assert shape(run(providers.batcher("openai"), openai_simulator, orders(1))) == ["stop"]
