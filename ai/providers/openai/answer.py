"""One streamed answer as it accumulates. Nothing in it is believed before it is checked: servers send anything."""

from collections.abc import Mapping
from typing import Any

from ai.providers.base import Usage

MAX_CHARACTERS = 100_000  # twenty times the longest text that is asked for
MAX_TOKENS = 10_000_000  # ten times the largest context window: more is no count
REQUEST_ID_HEADERS = ("x-request-id", "apim-request-id", "x-ms-request-id")


class GarbageError(Exception):
    """The server's bytes are no chat completion."""


class FilteredError(Exception):
    """The vendor's filter cut the answer (`finish_reason: content_filter`)."""


class RefusedError(Exception):
    """The model declined in the `refusal` field."""


class Answer:
    """What has arrived so far. `pieces` counts the chunks with text, `usage` is None until the vendor reports it."""

    def __init__(self) -> None:
        self.text = ""
        self.pieces = 0
        self.finish_reason = ""
        self.model = ""
        self.request_id = ""
        self.usage: Usage | None = None
        self._refused = False

    def read_headers(self, headers: Mapping[str, str]) -> None:
        """Take the vendor's name of the request."""
        self.request_id = next((headers[name][:100] for name in REQUEST_ID_HEADERS if headers.get(name)), "")

    def read(self, chunk: Any) -> str:
        """Take one chunk of the stream and return its text, possibly empty. Raises GarbageError."""
        self.request_id = self.request_id or _word(getattr(chunk, "id", None))
        self.model = self.model or _word(getattr(chunk, "model", None))
        self.usage = _usage(getattr(chunk, "usage", None)) or self.usage
        choices = getattr(chunk, "choices", None)
        if not isinstance(choices, list):
            raise GarbageError("a chunk without choices")
        if not choices:  # the usage chunk, and Azure's verdict on the prompt
            return ""
        self.finish_reason = _word(getattr(choices[0], "finish_reason", None)) or self.finish_reason
        delta = getattr(choices[0], "delta", None)
        self._refused = self._refused or bool(_text(delta, "refusal"))
        text = _text(delta, "content")
        if text:
            self.text += text
            self.pieces += 1
        if len(self.text) > MAX_CHARACTERS:
            raise GarbageError(f"more than {MAX_CHARACTERS} characters")
        return text

    def check_complete(self) -> None:
        """Raise RefusedError, FilteredError or GarbageError unless the stream came to its end with a text of the model."""
        if self._refused:
            raise RefusedError
        if self.finish_reason == "content_filter":
            raise FilteredError
        if not self.finish_reason:
            raise GarbageError("the stream ended before the answer did")


def _text(delta: Any, field: str) -> str:
    value = getattr(delta, field, None)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise GarbageError(f"{field} is not text")
    # PostgreSQL stores neither NUL nor half a surrogate pair, which JSON can spell.
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def _word(value: Any) -> str:
    return value.encode("ascii", "replace").decode()[:100] if isinstance(value, str) else ""


def _usage(reported: Any) -> Usage | None:
    """Return the usage that a vendor reported, or None where it is not a usable count."""
    prompt, completion = _count(reported, "prompt_tokens"), _count(reported, "completion_tokens")
    if prompt is None or completion is None:
        return None
    cached = _count(getattr(reported, "prompt_tokens_details", None), "cached_tokens") or 0
    return Usage(prompt, min(cached, prompt), completion, "reported")


def _count(source: Any, field: str) -> int | None:
    value = getattr(source, field, None)
    return value if type(value) is int and 0 <= value <= MAX_TOKENS else None
