"""Chat completions in the vendor's shape, whole or streamed, with the faults of a stream."""

import json
import time
from typing import TYPE_CHECKING, Any

from ai.simulators.openai import faults, texts
from ai.simulators.openai.vendor import Behaviour, Call

if TYPE_CHECKING:
    from ai.simulators.openai.server import Handler

HUGE_PIECE = "spam " * 20_000
MESSAGE_OVERHEAD = 4  # tokens of chat markup around each message


def problem(body: dict[str, Any]) -> str | None:
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
    return None


def prompt_tokens(body: dict[str, Any]) -> int:
    """Return the tokens of the prompt as this vendor counts them."""
    return sum(len(texts.tokens(str(message["content"]))) + MESSAGE_OVERHEAD for message in body["messages"])


class Writer:
    """One answer on its way to the client. Whatever ends it, the vendor's work so far is billed."""

    def __init__(self, handler: "Handler", call: Call, behaviour: Behaviour) -> None:
        self.handler = handler
        self.call = call
        self.behaviour = behaviour
        self.azure = call.path.startswith("/openai/")
        self.created = int(time.time())
        self.prompt = prompt_tokens(call.body)
        self.reported = False
        text = behaviour.text if behaviour.text is not None else texts.answer(call.body["messages"], seed=call.body.get("seed"))
        self.pieces = texts.tokens(text)
        limit = call.body.get("max_completion_tokens") or call.body.get("max_tokens") or len(self.pieces)
        self.finish_reason = faults.ENDINGS.get(behaviour.kind, "stop")
        if behaviour.kind == "length":
            limit = min(limit, behaviour.tokens)
        if len(self.pieces) > limit:
            self.pieces, self.finish_reason = self.pieces[:limit], "length"

    def write(self) -> None:
        """Send the answer, streamed if the request says so."""
        try:
            self.handler.pause(self.behaviour.first_delay)
            if self.call.body.get("stream"):
                self._stream()
            else:
                self._whole()
        finally:
            counts = self._usage()
            details = counts["prompt_tokens_details"]
            self.handler.server.vendor.charge(
                self.call,
                prompt=counts["prompt_tokens"],
                cached=details["cached_tokens"],
                completion=counts["completion_tokens"],
                reported=self.reported,
            )

    def _whole(self) -> None:
        for _ in self.pieces:
            self.handler.pause(self.behaviour.delay)
            self.call.tokens_sent += 1
        refused = self.behaviour.kind == "refusal"
        message = {
            "role": "assistant",
            "content": None if refused else "".join(self.pieces),
            "refusal": "I can't help with that." if refused else None,
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        self.reported = True
        body = {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}
        self.call.status = 200
        self.handler.send_json(200, body)

    def _stream(self) -> None:
        kind = self.behaviour.kind
        self.handler.start_stream(self.call)
        if self.azure:
            self._send(self._chunk([]) | {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]})
        self._delta({"role": "assistant", "content": "", "refusal": None})
        cut = (
            self.behaviour.tokens
            if kind in faults.STREAM_FAULTS - {"cut_before_usage"} or kind == "content_filter_output"
            else len(self.pieces)
        )
        for piece in self.pieces[:cut]:
            self.handler.pause(self.behaviour.delay)
            self._delta({"refusal" if kind == "refusal" else "content": piece})
            self.call.tokens_sent += 1
        if kind in faults.STREAM_FAULTS and self._fault(kind):
            return
        self._delta({}, finish_reason=self.finish_reason)
        if kind == "cut_before_usage":
            self.handler.break_off(reset=False)
            return
        if (self.call.body.get("stream_options") or {}).get("include_usage"):
            self.reported = True
            self._send({**self._chunk([]), "usage": self._usage()})
        self._send_raw(b"data: [DONE]\n\n")
        self.handler.send_piece(b"")

    def _fault(self, kind: str) -> bool:
        """Do what the script says at this point of the stream; return whether that was its end."""
        if kind == "hang_mid_stream":
            self.handler.pause(None)
            return False
        if kind == "truncated":
            self._send_raw(b"data: [DONE]\n\n")
            self.handler.send_piece(b"")
        elif kind == "cut_mid_json":
            self._send_raw(b'data: {"id": "chatcmpl-1", "choices": [{"delta": {"con')
            self.handler.send_piece(b"")
        elif kind == "error_mid_stream":
            self._send(faults.error("The server had an error while processing your request", kind="server_error"))
            self.handler.send_piece(b"")
        elif kind == "huge":
            for _ in range(200):
                self._delta({"content": HUGE_PIECE})
        elif kind == "reset_mid_stream":
            self.handler.break_off(reset=True)
        return kind != "cut_before_usage"

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
            "prompt_tokens_details": {"cached_tokens": min(self.behaviour.cached_tokens, self.prompt), "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
            **(self.behaviour.usage or {}),
        }

    def _send(self, body: dict[str, Any]) -> None:
        self._send_raw(b"data: " + json.dumps(body).encode() + b"\n\n")

    def _send_raw(self, data: bytes) -> None:
        if self.behaviour.kind != "slow_drip":
            self.handler.send_piece(data)
            return
        for number in range(len(data)):
            self.handler.pause(self.behaviour.delay)
            self.handler.send_piece(data[number : number + 1])
