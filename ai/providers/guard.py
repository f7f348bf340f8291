"""The door that every call to a provider goes through: none begins while its deployment's circuit is open."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar, cast

from ai.providers.base import (
    Batcher,
    BatchRequest,
    BatchResult,
    BatchStatus,
    Capability,
    Completion,
    CompletionRequest,
    Embedder,
    Embeddings,
    Finished,
    Moderation,
    Moderator,
    Provider,
    ProviderError,
    TextChunk,
)
from ai.providers.circuit import CIRCUITS, FAULTS, Result

T = TypeVar("T")

MODERATION = "moderation"  # the circuits of what names no deployment
BATCHES = "batches"


@dataclass(frozen=True)
class Guarded:
    """A provider behind its circuits. A call that may not begin raises CircuitOpen, a ProviderError, as its first item."""

    provider: Provider

    @property
    def name(self) -> str:
        """Return the provider's name."""
        return self.provider.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what the provider can do."""
        return self.provider.capabilities

    @property
    def moderation_model(self) -> str:
        """See `ai.providers.base.Moderator`."""
        return cast("Moderator", self.provider).moderation_model

    def stream(self, request: CompletionRequest) -> "GuardedCompletion":
        """See `ai.providers.base.Provider`."""
        return GuardedCompletion(self.provider.stream(request), provider=self.name, deployment=request.model)

    def moderate(self, texts: Sequence[str], images: Sequence[str] = ()) -> tuple[Moderation, ...]:
        """See `ai.providers.base.Moderator`."""
        return self._watch(MODERATION, lambda: cast("Moderator", self.provider).moderate(texts, images))

    def embed(self, texts: Sequence[str], *, model: str) -> Embeddings:
        """See `ai.providers.base.Embedder`."""
        return self._watch(model, lambda: cast("Embedder", self.provider).embed(texts, model=model))

    def submit_batch(self, requests: Sequence[BatchRequest]) -> str:
        """See `ai.providers.base.Batcher`."""
        return self._watch(BATCHES, lambda: cast("Batcher", self.provider).submit_batch(requests))

    def batch_status(self, batch_id: str) -> BatchStatus:
        """See `ai.providers.base.Batcher`."""
        return self._watch(BATCHES, lambda: cast("Batcher", self.provider).batch_status(batch_id))

    def batch_results(self, batch_id: str, requests: Sequence[BatchRequest]) -> tuple[BatchResult, ...]:
        """See `ai.providers.base.Batcher`."""
        return self._watch(BATCHES, lambda: cast("Batcher", self.provider).batch_results(batch_id, requests))

    def cancel_batch(self, batch_id: str) -> None:
        """See `ai.providers.base.Batcher`."""
        self._watch(BATCHES, lambda: cast("Batcher", self.provider).cancel_batch(batch_id))

    def _watch(self, deployment: str, call: Callable[[], T]) -> T:
        token = CIRCUITS.admit(self.name, deployment)
        judgement = _UNKNOWN
        try:
            answer = call()
            judgement = _GOOD
        except ProviderError as fault:
            judgement = _judge(fault)
            raise
        finally:
            CIRCUITS.report(self.name, deployment, token, *judgement)
        return answer


class GuardedCompletion:
    """A completion that asks its circuit before its first item, and tells it how it ended."""

    def __init__(self, completion: Completion, *, provider: str, deployment: str) -> None:
        self._completion = completion
        self._place = (provider, deployment)
        self._items = self._run()
        self._consumer = threading.Lock()

    def __iter__(self) -> Iterator[TextChunk | Finished]:
        return self

    def __next__(self) -> TextChunk | Finished:
        with self._consumer:
            return next(self._items)

    def close(self) -> None:
        """End the call upstream at once, from any thread."""
        self._completion.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._completion.__exit__(*error)
        with self._consumer:
            self._items.close()

    def _run(self) -> Generator[TextChunk | Finished, None, None]:
        token = CIRCUITS.admit(*self._place)
        judgement = _UNKNOWN
        try:
            for item in self._completion:
                if isinstance(item, Finished) and item.finish_reason != "cancelled":
                    judgement = _GOOD
                yield item
        except ProviderError as fault:
            judgement = _judge(fault)
            raise
        finally:
            CIRCUITS.report(*self._place, token, *judgement)


_GOOD: tuple[Result, str] = ("good", "")
_UNKNOWN: tuple[Result, str] = ("unknown", "")


def _judge(fault: ProviderError) -> tuple[Result, str]:
    return ("bad", fault.code) if fault.code in FAULTS else _GOOD
