"""The faults that a script can name: refusals with an HTTP status, and ways for a stream to go wrong."""

from typing import Any

from ai.simulators.openai.vendor import Behaviour

FILTER_RESULT = {
    "hate": {"filtered": False, "severity": "safe"},
    "self_harm": {"filtered": False, "severity": "safe"},
    "sexual": {"filtered": True, "severity": "medium"},
    "violence": {"filtered": False, "severity": "safe"},
}


def error(message: str, *, kind: str, code: str | None = None, param: str | None = None, **more: Any) -> dict[str, Any]:
    """Return an error body in the vendor's shape."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code, **more}}


# kind → status and body. The wordings follow the vendors'.
REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "rate_limited": (429, error("Rate limit reached for requests", kind="requests", code="rate_limit_exceeded")),
    "insufficient_quota": (429, error("You exceeded your current quota", kind="insufficient_quota", code="insufficient_quota")),
    "server_error": (500, error("The server had an error while processing your request", kind="server_error")),
    "unavailable": (503, error("The engine is currently overloaded, please try again later", kind="server_error")),
    "context_length": (
        400,
        error(
            "This model's maximum context length is 4096 tokens",
            kind="invalid_request_error",
            code="context_length_exceeded",
            param="messages",
        ),
    ),
    "content_filter_prompt": (
        400,
        error(
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
            kind="invalid_request_error",
            code="content_filter",
            param="prompt",
            status=400,
            innererror={"code": "ResponsibleAIPolicyViolation", "content_filter_result": FILTER_RESULT},
        ),
    ),
    "key_echo": (401, error("Incorrect API key provided: {key}", kind="invalid_request_error", code="invalid_api_key")),
}

# kind → the whole answer in bytes instead of a stream, with its content type.
BODIES: dict[str, tuple[str, bytes]] = {
    "html": ("text/html", b"<!doctype html><title>Welcome</title><h1>Sign in to the guest network</h1>"),
    "invalid_json": ("text/event-stream", b'data: {"choices": [}\n\n'),
    "non_utf8": ("text/event-stream", b'data: {"choices": [{"delta": {"content": "\xff\xfe\xc3\x28"}}]}\n\n'),
    "missing_choices": ("text/event-stream", b'data: {"id": "x", "object": "chat.completion.chunk"}\n\n'),
    "wrong_types": ("text/event-stream", b'data: {"choices": [{"delta": {"content": {"a": 1}}, "index": "zero"}], "usage": "much"}\n\n'),
    "not_an_object": ("text/event-stream", b"data: [1, 2, 3]\n\ndata: 7\n\n"),
    "deep": ("text/event-stream", b"data: " + b"[" * 200_000 + b"\n\n"),
    "empty": ("text/event-stream", b""),
}

# What a stream does after `tokens` pieces.
STREAM_FAULTS = frozenset(
    {
        "cut_before_usage",  # all text and the finish reason, then the connection closes
        "truncated",  # ends well-formed, but without a finish reason
        "cut_mid_json",
        "error_mid_stream",
        "reset_mid_stream",
        "hang_mid_stream",
        "huge",
    }
)
# Before anything is answered.
SILENT_FAULTS = frozenset({"hang_before_first_byte", "reset"})
# Answers that are well-formed to the end, with another finish reason.
ENDINGS = {"ok": "stop", "length": "length", "content_filter_output": "content_filter", "refusal": "stop", "slow_drip": "stop"}

KINDS = frozenset({*REFUSALS, *BODIES, *STREAM_FAULTS, *SILENT_FAULTS, *ENDINGS, "redirect", "compressed"})


def retry_headers(behaviour: Behaviour) -> dict[str, str]:
    """Return the headers in which a vendor asks for patience."""
    headers = {}
    if behaviour.retry_after is not None:
        headers["Retry-After"] = f"{behaviour.retry_after:g}"
    if behaviour.retry_after_ms is not None:
        headers["retry-after-ms"] = str(behaviour.retry_after_ms)
    return headers
