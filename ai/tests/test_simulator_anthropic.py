import http.client
import json
from contextlib import closing

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.shared import ErrorResponse
from pydantic import TypeAdapter

from ai.simulators.anthropic import faults

BODY = {"model": "claude-haiku-4-5", "max_tokens": 300, "messages": [{"role": "user", "content": "Write one post, 50 to 100 words long."}]}
SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "maxLength": 20},
        "verdict": {"enum": ["DRAFT", "ESCALATE"]},
        "prices": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["text", "verdict", "prices"],
    "additionalProperties": False,
}
EVENT = TypeAdapter(RawMessageStreamEvent)


@pytest.fixture
def ask(anthropic_simulator):
    def ask(body=BODY, **headers):
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {anthropic_simulator.key}",
            "anthropic-version": "2026-10-21",
            **headers,
        }
        with closing(http.client.HTTPConnection(anthropic_simulator.url.removeprefix("http://"), timeout=10)) as connection:
            connection.request("POST", "/v1/messages", json.dumps(body), headers)
            with connection.getresponse() as response:
                return response, response.read()

    return ask


def test_whole_answer_is_what_the_sdk_calls_a_message(ask):
    response, content = ask()
    message = Message.model_validate_json(content, strict=True)
    assert (response.status, message.stop_reason, [block.type for block in message.content]) == (200, "end_turn", ["text"])


@pytest.mark.parametrize("kind", ["ok", "length", "context_full", "refusal"])
def test_stream_is_made_of_what_the_sdk_calls_events(ask, anthropic_simulator, kind):
    anthropic_simulator.script([{"kind": kind, "text": "one two three", "tokens": 2}])
    response, content = ask(BODY | {"stream": True})
    events = [event.split("\n") for event in content.decode().removesuffix("\n\n").split("\n\n")]
    names = [name.removeprefix("event: ") for name, _ in events]
    parsed = [EVENT.validate_json(data.removeprefix("data: "), strict=True).type for name, data in events if name != "event: ping"]
    assert response.getheader("content-type") == "text/event-stream"
    assert parsed == [name for name in names if name != "ping"]
    assert [*names[:3], *names[-3:]] == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


@pytest.mark.parametrize("kind", sorted(faults.REFUSALS))
def test_refusal_is_what_the_sdk_calls_an_error_with_its_status(ask, anthropic_simulator, kind):
    anthropic_simulator.script([{"kind": kind}])
    response, content = ask()
    assert response.status == faults.REFUSALS[kind][0]
    assert ErrorResponse.model_validate_json(content).type == "error"


def test_wrong_key_is_refused_and_not_billed(ask, anthropic_simulator):
    response, content = ask(Authorization="Bearer sk-wrong")
    assert (response.status, json.loads(content)["error"]["type"], anthropic_simulator.bill()) == (401, "authentication_error", [])


def test_older_key_header_is_taken_too(ask, anthropic_simulator):
    response, _ = ask(**{"x-api-key": anthropic_simulator.key, "Authorization": ""})
    assert response.status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 1},
        {"top_p": 1},
        {"max_tokens": None},
        {"messages": []},
        {"messages": [{"role": "system", "content": "You write."}]},
        {"messages": [{"role": "user", "content": ""}]},
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
    ],
)
def test_request_that_this_version_does_not_take_is_refused(ask, change):
    response, content = ask(BODY | change)
    assert (response.status, json.loads(content)["error"]["type"]) == (400, "invalid_request_error")


def test_version_is_asked_for(ask):
    response, _ = ask(**{"anthropic-version": ""})
    assert response.status == 400


def test_bill_counts_each_kind_of_token_at_its_price(ask, anthropic_simulator):
    anthropic_simulator.script([{"text": "one two three", "cached_tokens": 4, "cache_write_tokens": 3}])
    _, content = ask()
    usage = json.loads(content)["usage"]
    [line] = anthropic_simulator.bill()
    prompt = line["prompt_tokens"]
    assert [usage[name] for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")] == [
        prompt - 7,
        4,
        3,
        3,
    ]
    assert line["amount_nanousd"] == (prompt - 7) * 1_000 + 4 * 100 + 3 * 1_250 + 3 * 5_000


def test_schema_is_followed(ask):
    _, content = ask(BODY | {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}})
    data = json.loads(json.loads(content)["content"][0]["text"])
    assert (sorted(data), data["verdict"], data["prices"]) == (["prices", "text", "verdict"], "DRAFT", [1])


@pytest.mark.parametrize(("kind", "problem"), [("schema_broken", ["unasked"]), ("not_json", None)])
def test_schema_is_broken_where_the_script_says_so(ask, anthropic_simulator, kind, problem):
    anthropic_simulator.script([{"kind": kind}])
    _, content = ask(BODY | {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}})
    text = json.loads(content)["content"][0]["text"]
    if problem is None:
        with pytest.raises(ValueError, match="Expecting value"):
            json.loads(text)
    else:
        assert sorted(json.loads(text)) == problem
