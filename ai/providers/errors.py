"""The vendors' failures, translated into ours by one function; each adapter brings its vendor's words."""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from typing import Any

from ai.providers.answer import REQUEST_ID_HEADERS, ContextFullError, FilteredError, RefusedError
from ai.providers.base import ErrorCode, ProviderError, Usage
from ai.providers.call import AnswerTooLongError

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


@dataclass(frozen=True)
class Vocabulary:
    """How one vendor says what failed.

    `phrases` are parts of messages, for what the vendor gives no code, and `codes` its codes and types that say more than the HTTP
    status, both in lower case. `any_error`, `no_connection` and `timeout` are its SDK's exceptions.
    """

    codes: Mapping[str, ErrorCode]
    any_error: type[Exception]
    no_connection: type[Exception]
    timeout: type[Exception]
    phrases: Mapping[str, ErrorCode]


def provider_error(
    fault: Exception, vocabulary: Vocabulary, *, provider: str, secret: str, usage: Usage, request_id: str = ""
) -> ProviderError:
    """Return our error for whatever the SDK, the HTTP client or the reading of the answer raised.

    `usage` is what the call may have cost if the vendor did not turn it down at once. `secret` never appears in the result.
    """
    status = getattr(fault, "status_code", None)
    body = _body(fault)
    vendor_code = _vendor_code(body, vocabulary)
    code = _code(fault, vocabulary, vendor_code=vendor_code, status=status)
    upstream: dict[str, str | int] = {"provider": provider}
    if isinstance(status, int):
        upstream["status"] = status
    for key, value in (("code", vendor_code), ("message", _message(fault, body)), ("request_id", _request_id(fault) or request_id)):
        if value:
            upstream[key] = _redact(value, secret)[:MAX_MESSAGE]
    return ProviderError(
        code, permanent=code in PERMANENT, retry_after=_retry_after(fault), upstream=upstream, usage=_owed(status, code, usage)
    )


def _code(fault: Exception, vocabulary: Vocabulary, *, vendor_code: str, status: Any) -> ErrorCode:
    import httpx2

    if isinstance(fault.__cause__, AnswerTooLongError):  # the SDK calls whatever happens below it a lost connection
        return "garbage"
    # The first kind that fits; a timeout of the SDK is also one of its connection errors.
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], ErrorCode], ...] = (
        (FilteredError, "content_filter"),
        (RefusedError, "refused"),
        (ContextFullError, "context_length"),
        ((TimeoutError, vocabulary.timeout, httpx2.TimeoutException), "timeout"),
        ((OSError, vocabulary.no_connection, httpx2.TransportError), "connection"),
    )
    known = next((code for kind, code in kinds if isinstance(fault, kind)), None)
    body = _body(fault)
    if known is None:
        said = _message(fault, body).lower()
        known = next((code for phrase, code in vocabulary.phrases.items() if phrase in said), None)
    known = known or vocabulary.codes.get(vendor_code.lower())
    if known is None and isinstance(status, int) and status >= 300:
        known = STATUSES.get(status, "overloaded" if status >= 500 else "invalid")
    if known is None and isinstance(fault, vocabulary.any_error) and isinstance(body, dict):
        known = "overloaded"  # an error object within a stream that began well: the vendor broke off
    return known or "garbage"


def _owed(status: Any, code: ErrorCode, usage: Usage) -> Usage | None:
    # Azure bills the prompt also when its filter answers 400, and a 408 (its pricing page); other refusals cost nothing.
    if isinstance(status, int) and status >= 300 and code not in ("content_filter", "timeout"):
        return None
    return usage


def _body(fault: Exception) -> Any:
    """Return the vendor's error object, or what else it sent; some SDKs leave the object in its envelope."""
    body = getattr(fault, "body", None)
    return body["error"] if isinstance(body, dict) and isinstance(body.get("error"), dict) else body


def _vendor_code(body: Any, vocabulary: Vocabulary) -> str:
    """Return the vendor's `code`, or its `type` where only that is known to us or given."""
    if not isinstance(body, dict):
        return ""
    details = body.get("details")
    detailed = details.get("error_code") if isinstance(details, dict) else None
    words = [str(word) for word in (detailed, body.get("code"), body.get("type")) if isinstance(word, str | int)]
    return next((word for word in words if word.lower() in vocabulary.codes), words[0] if words else "")


def _message(fault: Exception, body: Any) -> str:
    said = body.get("message") if isinstance(body, dict) else body
    if isinstance(said, str) and said:
        return " ".join(said.split())
    return "" if hasattr(fault, "status_code") else " ".join(str(fault).split())


def _redact(text: str, secret: str) -> str:
    if secret:
        text = text.replace(secret, "[secret]")
    return SECRETS.sub("[secret]", text.replace("\x00", "").encode("utf-8", "replace").decode())


def _headers(fault: Exception) -> Mapping[str, str]:
    response = getattr(fault, "response", None)
    return response.headers if response is not None else {}


def _request_id(fault: Exception) -> str:
    headers = _headers(fault)
    return next((headers[name] for name in REQUEST_ID_HEADERS if headers.get(name)), "")


def _retry_after(fault: Exception) -> float | None:
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
