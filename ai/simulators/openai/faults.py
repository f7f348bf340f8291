"""OpenAI's and Azure's refusals and garbage. The wordings follow the vendors'."""

from typing import Any

from ai.simulators.faults import EVENTS, HTML

FILTER_RESULT = {
    "hate": {"filtered": False, "severity": "safe"},
    "self_harm": {"filtered": False, "severity": "safe"},
    "sexual": {"filtered": True, "severity": "medium"},
    "violence": {"filtered": False, "severity": "safe"},
}


def error(
    message: str, *, kind: str = "invalid_request_error", code: str | None = None, param: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return an error body in the vendor's shape."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code, **more}}


UNAUTHORIZED = error("Incorrect API key provided", code="invalid_api_key")
# kind → status and body.
REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "rate_limited": (429, error("Rate limit reached for requests", kind="requests", code="rate_limit_exceeded")),
    "insufficient_quota": (429, error("You exceeded your current quota", kind="insufficient_quota", code="insufficient_quota")),
    "spend_limit": (429, error("Billing hard limit has been reached", kind="billing_limit", code="billing_hard_limit_reached")),
    "server_error": (500, error("The server had an error while processing your request", kind="server_error")),
    "unavailable": (503, error("The engine is currently overloaded, please try again later", kind="server_error")),
    "context_length": (400, error("This model's maximum context length is 4096 tokens", code="context_length_exceeded", param="messages")),
    "content_filter_prompt": (
        400,
        error(
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
            code="content_filter",
            param="prompt",
            status=400,
            innererror={"code": "ResponsibleAIPolicyViolation", "content_filter_result": FILTER_RESULT},
        ),
    ),
    "key_echo": (401, error("Incorrect API key provided: {key}", code="invalid_api_key")),
}

# kind → the whole answer in bytes instead of a stream, with its content type.
GARBAGE: dict[str, tuple[str, bytes]] = {
    "html": HTML,
    "invalid_json": (EVENTS, b'data: {"choices": [}\n\n'),
    "non_utf8": (EVENTS, b'data: {"choices": [{"delta": {"content": "\xff\xfe\xc3\x28"}}]}\n\n'),
    "wrong_shape": (EVENTS, b'data: {"id": "x", "object": "chat.completion.chunk"}\n\n'),
    "wrong_types": (EVENTS, b'data: {"choices": [{"delta": {"content": {"a": 1}}, "index": "zero"}], "usage": "much"}\n\n'),
    "not_an_object": (EVENTS, b"data: [1, 2, 3]\n\ndata: 7\n\n"),
    "deep": (EVENTS, b"data: " + b"[" * 200_000 + b"\n\n"),
    "empty": (EVENTS, b""),
}
