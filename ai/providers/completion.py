"""What the completions of all vendors have in common: one call that any thread can end, and one outcome."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from typing import Any, Self

from ai.providers.answer import Answer
from ai.providers.base import CompletionRequest, Finished, ProviderError, TextChunk, Usage, UsageSource, estimate_usage
from ai.providers.call import Call


class StreamedCompletion(ABC):
    """One answer as it streams in. See `ai.providers.base.Completion`."""

    def __init__(self, request: CompletionRequest, *, call: Call, answer: Answer) -> None:
        self._request = request
        self._answer = answer
        self._call = call
        self._items = self._run()
        self._consumer = threading.Lock()

    @abstractmethod
    def _chunks(self) -> Iterator[Any]:
        """Send the request and yield what the vendor streams, in its own objects."""

    @abstractmethod
    def _error(self, fault: Exception, usage: Usage) -> ProviderError:
        """Return our error for whatever `_chunks` or the reading of the answer raised."""

    def __iter__(self) -> Iterator[TextChunk | Finished]:
        return self

    def __next__(self) -> TextChunk | Finished:
        with self._consumer:
            return next(self._items)

    def close(self) -> None:
        """End the call upstream at once, from any thread."""
        self._call.cut("cancelled")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
        with self._consumer:
            self._items.close()
        self._call.end()

    def _run(self) -> Generator[TextChunk | Finished, None, None]:
        fault: Exception | None = None
        try:
            if not self._call.ended_by:
                self._call.begin()
                for chunk in self._chunks():
                    if text := self._answer.read(chunk):
                        yield TextChunk(text)
                self._answer.check_complete()
        except Exception as error:  # noqa: BLE001 - the vendor's bytes can make the SDK raise anything; all of it is translated
            fault = error
        finally:
            self._call.end()
        yield self._outcome(fault)

    def _outcome(self, fault: Exception | None) -> Finished:
        """Return how the call ended, or raise its ProviderError (without the SDK's exception, whose text may hold the key)."""
        answer = self._answer
        if self._call.connected:
            source: UsageSource = "estimated" if answer.pieces else "unknown"
            usage = answer.usage_or(estimate_usage(self._request, output=answer.text, chunks=answer.pieces, source=source))
        else:
            usage = Usage(0, 0, 0, "reported")
        cancelled = self._call.ended_by == "cancelled"
        if cancelled or fault is None:
            reason = "cancelled" if cancelled else answer.finish_reason
            return Finished(usage, reason, answer.model or self._request.model, answer.request_id)
        raise self._error(TimeoutError() if self._call.ended_by == "timeout" else fault, usage)
