"""Anthropic's refusals and garbage. The wordings follow the vendor's."""

from typing import Any

from ai.simulators.faults import EVENTS, HTML

REQUEST_ID = "req_simulated"


def error(message: str, *, kind: str = "invalid_request_error", error_code: str | None = None) -> dict[str, Any]:
    """Return an error body in the vendor's shape."""
    details = {"error_code": error_code} if error_code else None
    return {"type": "error", "error": {"type": kind, "message": message, "details": details}, "request_id": REQUEST_ID}


# kind → status and body.
REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "rate_limited": (429, error("This request would exceed your account's rate limit.", kind="rate_limit_error")),
    "insufficient_quota": (402, error("Your credit balance is used up.", kind="billing_error")),
    "spend_limit": (429, error("The limit is reached.", kind="rate_limit_error", error_code="enforced_spend_limit_reached")),
    "server_error": (500, error("Internal server error", kind="api_error")),
    "unavailable": (529, error("Overloaded", kind="overloaded_error")),
    "context_length": (400, error("prompt is too long: 201000 tokens > 200000 maximum")),
    "content_filter_prompt": (400, error("Output blocked by content filtering policy")),
    "key_echo": (401, error("invalid key {key}", kind="authentication_error")),
}

# kind → the whole answer in bytes instead of a stream, with its content type.
GARBAGE: dict[str, tuple[str, bytes]] = {
    "html": HTML,
    "invalid_json": (EVENTS, b'event: message_start\ndata: {"type": [}\n\n'),
    "non_utf8": (EVENTS, b'event: content_block_delta\ndata: {"type": "content_block_delta", "delta": {"text": "\xff\xfe\xc3\x28"}}\n\n'),
    "wrong_shape": (EVENTS, b'event: message_start\ndata: {"id": "x", "object": "chat.completion.chunk"}\n\n'),
    "wrong_types": (
        EVENTS,
        b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": "zero", "delta": {"text": {"a": 1}}}\n\n',
    ),
    "not_an_object": (EVENTS, b"event: message_start\ndata: [1, 2, 3]\n\nevent: message_delta\ndata: 7\n\n"),
    "deep": (EVENTS, b"event: message_start\ndata: " + b"[" * 200_000 + b"\n\n"),
    "empty": (EVENTS, b""),
}
