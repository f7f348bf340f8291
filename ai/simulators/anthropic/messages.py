"""`POST /v1/messages` in Anthropic's shape, API version 2026-10-21."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ai.simulators import schemas, texts, writer
from ai.simulators.anthropic import faults
from ai.simulators.protocol import Protocol
from ai.simulators.vendor import Behaviour, Call
from ai.simulators.writer import Asked

if TYPE_CHECKING:
    from ai.simulators.server import Handler

MESSAGE_OVERHEAD = 5  # tokens of chat markup around each message
PIECES_AN_EVENT = 2  # unlike OpenAI's, an event holds more than one token
NEVER_TAKEN = ("temperature", "top_p", "top_k", "seed")
REASONS = {"stop": "end_turn", "length": "max_tokens", "context_full": "model_context_window_exceeded", "refusal": "refusal"}


def problem(body: dict[str, Any], headers: Mapping[str, str]) -> str | None:
    """Return what the vendor would object to in a request, or None."""
    if headers.get("anthropic-version") != "2026-10-21":
        return "anthropic-version: header is required"
    for name in ("model", "max_tokens", "messages"):
        if not body.get(name):
            return f"{name}: Field required"
    unknown = [name for name in NEVER_TAKEN if name in body]
    if unknown:
        return f"{unknown[0]}: Extra inputs are not permitted"
    messages = body["messages"]
    if not isinstance(messages, list) or any(not isinstance(message, dict) for message in messages):
        return "messages: Input should be a valid list"
    if any(message.get("role") not in ("user", "assistant") for message in messages):
        return 'messages.0.role: Input should be "user" or "assistant"'
    if any(not message.get("content") for message in messages):
        return "messages.0: text content blocks must be non-empty"
    return schemas.objection(_schema(body))


def prompt_tokens(body: dict[str, Any]) -> int:
    """Return the tokens of the prompt as this vendor counts them: the schema too."""
    said = [body.get("system", ""), *(str(message["content"]) for message in body["messages"])]
    schema = _schema(body)
    tokens = sum(len(texts.tokens(text)) + MESSAGE_OVERHEAD for text in said if text)
    return tokens + (len(texts.tokens(json.dumps(schema))) if schema else 0)


class Writer(writer.Writer):
    """One message on its way to the client."""

    def whole(self) -> dict[str, Any]:
        """Return the message as one object."""
        content = [{"type": "text", "text": "".join(self.pieces), "citations": None}]
        return {**self._head(), "content": content, **self._ending(), "usage": self._usage(self.call.tokens_sent)}

    def stream(self) -> None:
        """Send the message as events."""
        self.handler.start_stream(self.call)
        self._event("message_start", message={**self._head(), "content": [], "stop_reason": None, "usage": self._usage(1)})
        self._event("content_block_start", index=0, content_block={"type": "text", "text": "", "citations": None})
        self._event("ping")
        cut = self.pieces_before_the_fault
        for start in range(0, cut, PIECES_AN_EVENT):
            self.before_piece()
            pieces = self.pieces[start : min(cut, start + PIECES_AN_EVENT)]
            self.piece("".join(pieces))
            self.call.tokens_sent += len(pieces)
        end = b'event: message_stop\ndata: {"type": "message_stop"}\n\n'
        if self.fault(broken=b'event: content_block_delta\ndata: {"type": "content_blo', end=end):
            return
        if self.behaviour.kind == "cut_before_usage":
            self.handler.break_off(reset=False)
            return
        if self.behaviour.kind == "content_filter_output":
            self._event("error", error={"type": "invalid_request_error", "message": "Output blocked by content filtering policy"})
            self.handler.send_piece(b"")
            return
        self._event("content_block_stop", index=0)
        self.reported = True
        self._event("message_delta", delta=self._ending(), usage=self._usage(self.call.tokens_sent))
        self.send_raw(end)
        self.handler.send_piece(b"")

    def piece(self, text: str) -> None:
        """Send some of the text."""
        self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def break_with_error(self) -> None:
        """Send the event with which the vendor breaks off."""
        self._event("error", error={"type": "overloaded_error", "message": "Overloaded"})

    def _event(self, kind: str, **fields: Any) -> None:
        self.send_raw(f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode())

    def _head(self) -> dict[str, Any]:
        body = self.call.body
        return {"id": f"msg_{self.call.number:08d}", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None}

    def _ending(self) -> dict[str, Any]:
        refused = {"type": "refusal", "category": "general_harms", "explanation": None}
        return {
            "stop_reason": REASONS[self.reason],
            "stop_sequence": None,
            "stop_details": refused if self.reason == "refusal" else None,
        }

    def _usage(self, output_tokens: int) -> dict[str, Any]:
        return {
            "input_tokens": self.prompt - self.cached - self.written,
            "cache_creation_input_tokens": self.written,
            "cache_read_input_tokens": self.cached,
            "output_tokens": output_tokens,
            **(self.behaviour.usage or {}),
        }


def _schema(body: dict[str, Any]) -> Any:
    return ((body.get("output_config") or {}).get("format") or {}).get("schema")


def writer_of(handler: "Handler", call: Call, behaviour: Behaviour) -> Writer:
    """Return who answers a call."""
    body = call.body
    said = [{"content": body.get("system", "")}, *body["messages"]]
    asked = Asked(messages=said, prompt_tokens=prompt_tokens(body), limit=body["max_tokens"], seed=None, schema=_schema(body))
    return Writer(handler, call, behaviour, asked)


def _write(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    writer_of(handler, call, behaviour).write()


MESSAGES = Protocol(
    problem=problem,
    invalid=faults.error,
    unauthorized=faults.error("invalid bearer token", kind="authentication_error"),
    refusals=faults.REFUSALS,
    garbage=faults.GARBAGE,
    prompt_tokens=prompt_tokens,
    write=_write,
    identity_header="request-id",
)
