"""`POST /chat/completions` in OpenAI's and Azure's shape."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ai.simulators import schemas, texts, writer
from ai.simulators.openai import faults
from ai.simulators.protocol import Protocol
from ai.simulators.vendor import Behaviour, Call
from ai.simulators.writer import Asked

if TYPE_CHECKING:
    from ai.simulators.server import Handler

MESSAGE_OVERHEAD = 4  # tokens of chat markup around each message
REASONS = {"stop": "stop", "length": "length", "context_full": "length", "content_filter": "content_filter", "refusal": "stop"}


def problem(body: dict[str, Any], headers: Mapping[str, str]) -> str | None:
    """Return what the vendor would object to in a request, or None."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "you must provide a model parameter"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "[] is too short - 'messages'"
    if any(not isinstance(message, dict) or "role" not in message or "content" not in message for message in messages):
        return "Missing required parameter: 'messages[0].role'"
    if "max_tokens" in body and "max_completion_tokens" in body:
        return "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    objection = schemas.objection(_schema(body))
    return f"Invalid schema for response_format: {objection}" if objection else None


def prompt_tokens(body: dict[str, Any]) -> int:
    """Return the tokens of the prompt as this vendor counts them: the schema too."""
    schema = _schema(body)
    tokens = sum(len(texts.tokens(str(message["content"]))) + MESSAGE_OVERHEAD for message in body["messages"])
    return tokens + (len(texts.tokens(json.dumps(schema))) if schema else 0)


class Writer(writer.Writer):
    """One completion on its way to the client."""

    def whole(self) -> dict[str, Any]:
        """Return the completion as one object."""
        refused = self.reason == "refusal"
        message = {
            "role": "assistant",
            "content": None if refused else "".join(self.pieces),
            "refusal": "I can't help with that." if refused else None,
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": REASONS[self.reason]}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}

    def stream(self) -> None:
        """Send the completion as chunks."""
        self.handler.start_stream(self.call)
        if self.call.path.startswith("/openai/"):
            self._send(self._chunk([]) | {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]})
        self._delta({"role": "assistant", "content": "", "refusal": None})
        for piece in self.pieces[: self.pieces_before_the_fault]:
            self.before_piece()
            self.piece(piece)
            self.call.tokens_sent += 1
        if self.fault(broken=b'data: {"id": "chatcmpl-1", "choices": [{"delta": {"con', end=b"data: [DONE]\n\n"):
            return
        self._delta({}, finish_reason=REASONS[self.reason])
        if self.behaviour.kind == "cut_before_usage":
            self.handler.break_off(reset=False)
            return
        if (self.call.body.get("stream_options") or {}).get("include_usage"):
            self.reported = True
            self._send({**self._chunk([]), "usage": self._usage()})
        self.send_raw(b"data: [DONE]\n\n")
        self.handler.send_piece(b"")

    def piece(self, text: str) -> None:
        """Send some of the text."""
        self._delta({"refusal" if self.reason == "refusal" else "content": text})

    def break_with_error(self) -> None:
        """Send the chunk with which the vendor breaks off."""
        self._send(faults.error("The server had an error while processing your request", kind="server_error"))

    def _head(self, object_name: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.call.number:08d}",
            "object": object_name,
            "created": self.created,
            "model": self.call.body["model"],
            "system_fingerprint": "fp_simulated",
        }

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {**self._head("chat.completion.chunk"), "choices": choices, "usage": None}

    def _delta(self, delta: dict[str, Any], *, finish_reason: str | None = None) -> None:
        self._send(self._chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]))

    def _usage(self) -> dict[str, Any]:
        completion = self.call.tokens_sent
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": completion,
            "total_tokens": self.prompt + completion,
            "prompt_tokens_details": {"cached_tokens": self.cached, "cache_write_tokens": self.written, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
            **(self.behaviour.usage or {}),
        }

    def _send(self, body: dict[str, Any]) -> None:
        self.send_raw(b"data: " + json.dumps(body).encode() + b"\n\n")


def _schema(body: dict[str, Any]) -> Any:
    return ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")


def writer_of(handler: "Handler", call: Call, behaviour: Behaviour) -> Writer:
    """Return who answers a call."""
    body = call.body
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    asked = Asked(messages=body["messages"], prompt_tokens=prompt_tokens(body), limit=limit, seed=body.get("seed"), schema=_schema(body))
    return Writer(handler, call, behaviour, asked)


def _write(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    writer_of(handler, call, behaviour).write()


COMPLETIONS = Protocol(
    problem=problem,
    invalid=faults.error,
    unauthorized=faults.UNAUTHORIZED,
    refusals=faults.REFUSALS,
    garbage=faults.GARBAGE,
    prompt_tokens=prompt_tokens,
    write=_write,
    identity_header="x-request-id",
)
