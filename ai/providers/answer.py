"""One streamed answer as it accumulates. Nothing in it is believed before it is checked: servers send anything."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from ai.providers.base import Usage

MAX_CHARACTERS = 100_000  # twenty times the longest text that is asked for
MAX_TOKENS = 10_000_000  # ten times the largest context window: more is no count
REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id", "x-ms-request-id")


class GarbageError(Exception):
    """The server's bytes are no answer."""


class FilteredError(Exception):
    """The vendor's filter cut the answer."""


class RefusedError(Exception):
    """The model declined."""


class ContextFullError(Exception):
    """The prompt filled the model's context, so nothing was written."""


class Answer(ABC):
    """What has arrived so far.

    `pieces` counts the chunks with text, `finish_reason` is empty until the vendor says that the text is whole, and `usage` is None
    until the vendor has reported all of it.
    """

    def __init__(self) -> None:
        self.text = ""
        self.pieces = 0
        self.finish_reason = ""
        self.model = ""
        self.request_id = ""
        self.usage: Usage | None = None

    def read_headers(self, headers: Mapping[str, str]) -> None:
        """Take the vendor's name of the request."""
        self.request_id = next((headers[name][:100] for name in REQUEST_ID_HEADERS if headers.get(name)), "")

    @abstractmethod
    def read(self, chunk: Any) -> str:
        """Take one chunk of the stream and return its text, possibly empty. Raises GarbageError."""

    @abstractmethod
    def check_complete(self) -> None:
        """Raise RefusedError, FilteredError, ContextFullError or GarbageError unless the stream came to its end with a text."""

    def usage_or(self, estimate: Usage) -> Usage:
        """Return what the vendor reported, as far as it did, and `estimate` for the rest."""
        return self.usage or estimate

    def add(self, text: str) -> str:
        """Append text, and return it. Raises GarbageError for more than any answer has."""
        if text:
            self.text += text
            self.pieces += 1
        if len(self.text) > MAX_CHARACTERS:
            raise GarbageError(f"more than {MAX_CHARACTERS} characters")
        return text


def text_in(source: Any, field: str) -> str:
    """Return the text in a field of what the vendor sent, empty where there is none. Raises GarbageError where it is no text."""
    value = getattr(source, field, None)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise GarbageError(f"{field} is not text")
    # PostgreSQL stores neither NUL nor half a surrogate pair, which JSON can spell.
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def word_in(source: Any, field: str) -> str:
    """Return a name in a field of what the vendor sent, in ASCII and short, empty where there is none."""
    value = getattr(source, field, None)
    return value.encode("ascii", "replace").decode()[:100] if isinstance(value, str) else ""


def count_in(source: Any, field: str) -> int | None:
    """Return the number of tokens in a field of what the vendor sent, or None where it is no usable count."""
    value = getattr(source, field, None)
    return value if type(value) is int and 0 <= value <= MAX_TOKENS else None
