"""What the batches of all vendors have in common: files of lines, in any order, of which nothing is believed."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from ai.providers.answer import Answer, GarbageError, word_in
from ai.providers.base import BatchRequest, BatchResult, CompletionRequest, Finished, ProviderError, Usage, estimate_usage, most_usage

MAX_RESULT_BYTES = 100_000_000  # 500 answers as long as any may be
NOTHING = Usage(0, 0, 0, "reported")
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")

ErrorOf = Callable[[Exception, Usage], ProviderError]


class LineError(Exception):
    """What a vendor says of a request that it did not answer: its error object, and the HTTP status that it would have had, if any."""

    def __init__(self, body: Any, status: Any = None) -> None:
        self.body = body
        if isinstance(status, int):
            self.status_code = status
        super().__init__()


def id_in(source: Any) -> str:
    """Return the vendor's name of something. Raises GarbageError where it is none that can stand in an address."""
    found = word_in(source, "id")
    if not _ID.fullmatch(found):
        raise GarbageError("no id")
    return found


def most_of(requests: Sequence[BatchRequest]) -> Usage:
    """Return the most that a batch can be billed, `unknown` whether it was taken."""
    usages = [most_usage(item.request) for item in requests]
    return Usage(sum(usage.input_tokens for usage in usages), 0, sum(usage.output_tokens for usage in usages), "unknown")


def by_custom_id(content: bytes) -> tuple[dict[str, Mapping[str, Any]], bool]:
    """Return the readable lines of a file by their custom ids, the first of each, and whether all were readable.

    Raises GarbageError where none is readable: then it is no file of results at all.
    """
    found: dict[str, Mapping[str, Any]] = {}
    unreadable = 0
    for line in filter(None, content.splitlines()):
        try:
            read = json.loads(line)
            found.setdefault(read["custom_id"], read)
        except (ValueError, TypeError, KeyError, RecursionError):
            unreadable += 1
    if not found:
        raise GarbageError("no line of the results can be read")
    return found, not unreadable


def in_order(
    requests: Sequence[BatchRequest], found: Mapping[str, BatchResult], *, unbegun: bool, error_of: ErrorOf
) -> tuple[BatchResult, ...]:
    """Return a result for each request; one of which the vendor says nothing was `unbegun`, or else it is lost."""

    def missing(item: BatchRequest) -> BatchResult:
        if unbegun:
            return cancelled(item)
        return BatchResult(item.custom_id, error=error_of(GarbageError("no line for this request"), most_usage(item.request)))

    return tuple(found.get(item.custom_id) or missing(item) for item in requests)


def cancelled(item: BatchRequest) -> BatchResult:
    """Return the result of a request that the vendor did not begin."""
    return BatchResult(item.custom_id, finished=Finished(NOTHING, "cancelled", item.request.model, ""))


def read(item: BatchRequest, answer: Answer, body: Any, *, error_of: ErrorOf) -> BatchResult:
    """Return the result of a request whose whole answer is `body`, JSON as it was parsed."""
    fault: Exception | None = None
    try:
        answer.read(as_object(body))
        answer.check_complete()
    except Exception as error:  # noqa: BLE001 - the vendor's bytes can be anything
        fault = error
    request = item.request
    usage = answer.usage_or(_estimate(request, answer.text))
    if fault is not None:
        return BatchResult(item.custom_id, error=error_of(fault, usage))
    finished = Finished(usage, answer.finish_reason, answer.model or request.model, answer.request_id)
    return BatchResult(item.custom_id, answer.text, finished)


def _estimate(request: CompletionRequest, text: str) -> Usage:
    """Return what an answer of which the vendor gives no count may be billed."""
    if not text:
        return most_usage(request)
    # A token is a byte at least, and there are no pieces to count as in a stream.
    most_output = min(request.max_output_tokens, len(text.encode("utf-8", "replace")))
    return estimate_usage(request, output="", chunks=most_output, source="estimated")


def as_object(value: Any) -> Any:
    """Return parsed JSON with its objects as the SDK's are read: by attributes."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: as_object(inner) for name, inner in value.items()})
    return [as_object(inner) for inner in value] if isinstance(value, list) else value
