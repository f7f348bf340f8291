"""Anthropic's Messages API over the official SDK, in its API version 2026-10-21, which takes neither temperature nor seed.

Facts about errors and streams: the SDK's source (anthropic 2.12) and the vendor's API reference.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ai.providers.anthropic import batches, client
from ai.providers.anthropic.answer import Answer
from ai.providers.base import BatchRequest, BatchResult, BatchStatus, Capability, CompletionRequest, ProviderError, Usage
from ai.providers.call import Call, Timeouts
from ai.providers.completion import StreamedCompletion


@dataclass(frozen=True)
class AnthropicProvider:
    """One server that speaks Anthropic's Messages; `base_url` has no path."""

    name: str
    base_url: str
    timeouts: Timeouts
    api_key: str = field(repr=False)
    capabilities: frozenset[Capability] = frozenset({"schema", "batch"})

    def stream(self, request: CompletionRequest) -> "AnthropicCompletion":
        """Return the completion of `request`, not yet begun."""
        return AnthropicCompletion(self, request)

    def submit_batch(self, requests: Sequence[BatchRequest]) -> str:
        """See `ai.providers.base.Batcher`."""
        return batches.submit(self, requests)

    def batch_status(self, batch_id: str) -> BatchStatus:
        """See `ai.providers.base.Batcher`."""
        return batches.status(self, batch_id)

    def batch_results(self, batch_id: str, requests: Sequence[BatchRequest]) -> tuple[BatchResult, ...]:
        """See `ai.providers.base.Batcher`."""
        return batches.results(self, batch_id, requests)

    def cancel_batch(self, batch_id: str) -> None:
        """See `ai.providers.base.Batcher`."""
        batches.cancel(self, batch_id)


class AnthropicCompletion(StreamedCompletion):
    """One message as it streams in."""

    def __init__(self, provider: AnthropicProvider, request: CompletionRequest) -> None:
        super().__init__(request, call=Call(provider.timeouts, proxies=True), answer=Answer())
        self._provider = provider

    def _chunks(self) -> Iterator[Any]:
        import httpx2

        with client.client(self._provider, self._call) as opened:
            headers = client.headers(self._provider)
            stream = opened.messages.create(stream=True, extra_headers=headers, **client.parameters(self._request))
            self._answer.read_headers(stream.response.headers)
            try:
                yield from stream
            except httpx2.TransportError:
                if not self._answer.finish_reason:  # afterwards nothing more is told
                    raise

    def _error(self, fault: Exception, usage: Usage) -> ProviderError:
        return client.error_of(self._provider, fault, usage, self._answer.request_id)
