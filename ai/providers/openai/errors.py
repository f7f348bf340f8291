"""The vendors' vocabulary of failures, translated into ours."""

import math
import re
import time
from collections.abc import Mapping
from email.utils import mktime_tz, parsedate_tz
from typing import Any

from ai.providers.base import ErrorCode, ProviderError, Usage
from ai.providers.openai.answer import FilteredError, RefusedError

# Vendor codes and types that say more than the HTTP status (OpenAI, Azure, llama.cpp; compared in lower case).
CODES: Mapping[str, ErrorCode] = {
    "insufficient_quota": "quota",  # a 429 that no waiting cures
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "rate_limit_exceeded": "rate_limited",
    "content_filter": "content_filter",  # Azure, 400 on the prompt
    "responsibleaipolicyviolation": "content_filter",
    "content_policy_violation": "content_filter",
    "context_length_exceeded": "context_length",
    "string_above_max_length": "context_length",
    "exceed_context_size_error": "context_length",  # llama.cpp
    "invalid_api_key": "auth",
    "model_not_found": "invalid",
    "deploymentnotfound": "invalid",  # Azure
    "server_error": "overloaded",
    "overloaded_error": "overloaded",
    "internal_error": "overloaded",
}
STATUSES: Mapping[int, ErrorCode] = {
    400: "invalid",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "invalid",
    405: "invalid",
    408: "timeout",
    409: "overloaded",
    413: "context_length",
    422: "invalid",
    429: "rate_limited",
    504: "timeout",
}
PERMANENT: frozenset[ErrorCode] = frozenset({"quota", "invalid", "auth", "content_filter", "context_length", "refused"})
SECRETS = re.compile(r"\b(?:sk|hz|key|pk)[-_][A-Za-z0-9_*.-]{6,}|(?i:bearer)\s+\S+")
MAX_MESSAGE = 500


def provider_error(fault: Exception | None, *, provider: str, secret: str, usage: Usage, request_id: str) -> ProviderError:
    """Return our error for whatever the SDK, the HTTP client or the reading of the answer raised.

    `usage` is what the call may have cost if the vendor did not turn it down at once. `secret` never appears in the result.
    """
    status = getattr(fault, "status_code", None)
    vendor_code = _vendor_code(fault)
    code = _code(fault, status, vendor_code)
    upstream: dict[str, str | int] = {"provider": provider}
    if isinstance(status, int):
        upstream["status"] = status
    for key, value in (("code", vendor_code), ("message", _message(fault)), ("request_id", _request_id(fault) or request_id)):
        if value:
            upstream[key] = _redact(value, secret)[:MAX_MESSAGE]
    return ProviderError(
        code, permanent=code in PERMANENT, retry_after=_retry_after(fault), upstream=upstream, usage=_owed(status, code, usage)
    )


def _code(fault: Exception | None, status: Any, vendor_code: str) -> ErrorCode:
    import openai

    # The first kind that fits; a timeout of the SDK is also one of its connection errors.
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], ErrorCode], ...] = (
        (FilteredError, "content_filter"),
        (RefusedError, "refused"),
        ((TimeoutError, openai.APITimeoutError), "timeout"),
        ((OSError, openai.APIConnectionError), "connection"),
    )
    known = next((code for kind, code in kinds if isinstance(fault, kind)), None) or CODES.get(vendor_code.lower())
    if known is None and isinstance(status, int) and status >= 300:
        known = STATUSES.get(status, "overloaded" if status >= 500 else "invalid")
    if known is None and isinstance(fault, openai.APIError) and isinstance(fault.body, dict):
        known = "overloaded"  # an error object within a stream that began well: the vendor broke off
    return known or "garbage"


def _owed(status: Any, code: ErrorCode, usage: Usage) -> Usage | None:
    # Azure bills the prompt also when its filter answers 400, and a 408 (its pricing page); other refusals cost nothing.
    if isinstance(status, int) and status >= 300 and code not in ("content_filter", "timeout"):
        return None
    return usage


def _vendor_code(fault: Exception | None) -> str:
    """Return the vendor's `code`, or its `type` where only that is known to us or given."""
    body = getattr(fault, "body", None)
    if not isinstance(body, dict):
        return ""
    words = [str(body[key]) for key in ("code", "type") if isinstance(body.get(key), str | int)]
    return next((word for word in words if word.lower() in CODES), words[0] if words else "")


def _message(fault: Exception | None) -> str:
    body = getattr(fault, "body", None)
    said = body.get("message") if isinstance(body, dict) else body
    if isinstance(said, str) and said:
        return " ".join(said.split())
    return "" if fault is None or hasattr(fault, "status_code") else " ".join(str(fault).split())


def _redact(text: str, secret: str) -> str:
    if secret:
        text = text.replace(secret, "[secret]")
    return SECRETS.sub("[secret]", text.replace("\x00", "").encode("utf-8", "replace").decode())


def _headers(fault: Exception | None) -> Mapping[str, str]:
    response = getattr(fault, "response", None)
    return response.headers if response is not None else {}


def _request_id(fault: Exception | None) -> str:
    headers = _headers(fault)
    return headers.get("x-request-id") or headers.get("apim-request-id") or ""


def _retry_after(fault: Exception | None) -> float | None:
    """Return the seconds to wait from `retry-after-ms` (finer) or `retry-after` (seconds or a date)."""
    headers = _headers(fault)
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    date = parsedate_tz(headers.get("retry-after", ""))
    return max(0.0, mktime_tz(date) - time.time()) if date else None
