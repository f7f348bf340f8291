import http.client
import json
from contextlib import closing

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from ai.simulators import texts
from ai.simulators.client import Simulator
from ai.simulators.openai import faults
from ai.simulators.vendor import PRICES

MESSAGES = [{"role": "user", "content": "Write one post in French, 50 to 100 words long."}]


@pytest.fixture
def ask(openai_simulator):
    def ask(path="/v1/chat/completions", *, key=None, **body):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {openai_simulator.key if key is None else key}"}
        with closing(http.client.HTTPConnection(openai_simulator.url.removeprefix("http://"), timeout=10)) as connection:
            connection.request("POST", path, json.dumps(body), headers)
            with connection.getresponse() as response:
                return response, response.read()

    return ask


def test_whole_answer_is_what_the_sdk_calls_a_completion(ask):
    response, content = ask(model="gpt-4o", messages=MESSAGES)
    completion = ChatCompletion.model_validate_json(content, strict=True)
    assert (response.status, completion.choices[0].finish_reason) == (200, "stop")
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/openai/v1/chat/completions", "/openai/deployments/d/chat/completions?api-version=1"]
)
def test_stream_is_made_of_what_the_sdk_calls_chunks(ask, path):
    response, content = ask(path, model="gpt-4o", messages=MESSAGES, stream=True, stream_options={"include_usage": True})
    events = content.decode().removesuffix("\n\n").split("\n\n")
    chunks = [ChatCompletionChunk.model_validate_json(event.removeprefix("data: "), strict=True) for event in events[:-1]]
    assert (response.getheader("content-type"), events[-1]) == ("text/event-stream", "data: [DONE]")
    assert [chunk.usage is not None for chunk in chunks].index(True) == len(chunks) - 1
    assert chunks[-1].choices == []


@pytest.mark.parametrize("kind", sorted(faults.REFUSALS))
def test_refusal_is_an_error_object_with_its_status(ask, openai_simulator, kind):
    openai_simulator.script([{"kind": kind}])
    response, content = ask(model="gpt-4o", messages=MESSAGES)
    assert response.status == faults.REFUSALS[kind][0]
    assert {"message", "type", "param", "code"} <= set(json.loads(content)["error"])


def test_models_are_what_the_sdk_lists(openai_simulator):
    with openai.OpenAI(base_url=f"{openai_simulator.url}/v1", api_key=openai_simulator.key, max_retries=0) as client:
        assert [model.id for model in client.models.list()] == [name for name in PRICES if name]


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/openai/v1/chat/completions", "/openai/deployments/d/chat/completions?api-version=1"]
)
def test_wrong_key_is_refused_and_not_billed(ask, openai_simulator, path):
    response, content = ask(path, key="sk-wrong", model="gpt-4o", messages=MESSAGES)
    assert (response.status, json.loads(content)["error"]["code"], openai_simulator.bill()) == (401, "invalid_api_key", [])


@pytest.mark.parametrize(
    "body", [{}, {"model": "m"}, {"model": 1, "messages": MESSAGES}, {"model": "m", "messages": ["x"]}, {"model": "m", "messages": []}]
)
def test_malformed_request_is_refused(ask, body):
    response, _ = ask(**body)
    assert response.status == 400


def test_dated_azure_api_wants_its_version(ask):
    response, _ = ask("/openai/deployments/d/chat/completions", messages=MESSAGES)
    assert response.status == 404


def test_same_request_gets_the_same_text_and_two_lines_on_the_bill(ask, openai_simulator):
    answers = [json.loads(ask(model="gpt-4o", messages=MESSAGES, seed=1)[1])["choices"] for _ in range(2)]
    assert (answers[0] == answers[1], len(openai_simulator.bill())) == (True, 2)


def test_bill_counts_each_kind_of_token_at_its_price(ask, openai_simulator):
    openai_simulator.script([{"text": "one two three", "cached_tokens": 4}])
    ask(model="gpt-4o", messages=MESSAGES)
    [line] = openai_simulator.bill()
    prompt = len(texts.tokens(MESSAGES[0]["content"])) + 4
    assert line == {
        "call": 1,
        "model": "gpt-4o",
        "prompt_tokens": prompt,
        "cached_tokens": 4,
        "cache_write_tokens": 0,
        "completion_tokens": 3,
        "reported": True,
        "batch": False,
        "amount_nanousd": (prompt - 4) * 2_500 + 4 * 1_250 + 3 * 10_000,
    }


def test_cut_stream_is_billed_but_not_reported(ask, openai_simulator):
    openai_simulator.script([{"kind": "cut_before_usage", "text": "one two three"}])
    with pytest.raises(http.client.IncompleteRead):
        ask(model="gpt-4o", messages=MESSAGES, stream=True, stream_options={"include_usage": True})
    openai_simulator.wait_for_calls(lambda calls: calls[0]["finished"])
    [line] = openai_simulator.bill()
    assert (line["completion_tokens"], line["reported"]) == (3, False)


def test_limit_cuts_the_answer(ask):
    _, content = ask(model="gpt-4o", messages=MESSAGES, max_completion_tokens=7)
    completion = ChatCompletion.model_validate_json(content)
    assert (completion.usage.completion_tokens, completion.choices[0].finish_reason) == (7, "length")


def test_hanging_call_goes_on_when_released(ask, openai_simulator):
    openai_simulator.script([{"kind": "hang_mid_stream", "text": "one two three", "tokens": 3}])
    openai_simulator.release()
    _, content = ask(model="gpt-4o", messages=MESSAGES, stream=True)
    assert content.decode().endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("behaviour", [{"kind": "unheard_of"}, {"colour": "red"}])
def test_script_with_a_mistake_is_refused(openai_simulator, behaviour):
    with pytest.raises(ValueError, match=r"unknown kinds|unexpected keyword"):
        openai_simulator.script([behaviour])


def test_process_ends_with_its_client():
    with Simulator() as simulator:
        process = simulator._process
    assert process.returncode is not None


def test_tokens_join_to_their_text():
    text = "  Bonjour à tous,\nles extraordinaires  "
    assert "".join(texts.tokens(text)) == text
