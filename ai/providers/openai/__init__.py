"""The OpenAI protocol over the official SDK: OpenAI, Azure OpenAI, any compatible server and the embedded model, by configuration.

Facts about errors and streams: the SDK's source (openai 3.54) and the vendors' API references.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ai.providers.base import (
    BatchRequest,
    BatchResult,
    BatchStatus,
    Capability,
    CompletionRequest,
    Embeddings,
    Moderation,
    ProviderError,
    Usage,
)
from ai.providers.call import Call, Timeouts
from ai.providers.completion import StreamedCompletion
from ai.providers.openai import batches, client, judging
from ai.providers.openai.answer import Answer

ALL: frozenset[Capability] = frozenset({"schema", "temperature", "seed", "moderate", "embed", "batch"})


@dataclass(frozen=True)
class OpenAIProvider:
    """One server that speaks OpenAI's chat completions.

    `base_url` ends in `/v1` or, with `api_version`, is the address of the Azure resource whose deployments are named by the model.
    `key_header` is where the key goes: `authorization` (as Bearer) or Azure's `api-key`. With `proxies` the environment's proxy
    settings are followed. `capabilities` is what the server behind the address can do.
    """

    name: str
    base_url: str
    timeouts: Timeouts
    api_key: str = field(default="", repr=False)
    api_version: str = ""
    key_header: Literal["authorization", "api-key"] = "authorization"
    limit_parameter: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    proxies: bool = True
    capabilities: frozenset[Capability] = ALL
    moderation_model: str = "omni-moderation-latest"

    def stream(self, request: CompletionRequest) -> "OpenAICompletion":
        """Return the completion of `request`, not yet begun."""
        return OpenAICompletion(self, request)

    def moderate(self, texts: Sequence[str], images: Sequence[str] = ()) -> tuple[Moderation, ...]:
        """See `ai.providers.base.Moderator`."""
        return judging.moderate(self, texts, images)

    def embed(self, texts: Sequence[str], *, model: str) -> Embeddings:
        """See `ai.providers.base.Embedder`."""
        return judging.embed(self, texts, model=model)

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


class OpenAICompletion(StreamedCompletion):
    """One chat completion as it streams in."""

    def __init__(self, provider: OpenAIProvider, request: CompletionRequest) -> None:
        super().__init__(request, call=Call(provider.timeouts, proxies=provider.proxies), answer=Answer())
        self._provider = provider

    def _chunks(self) -> Iterator[Any]:
        import openai

        with client.client(self._provider, self._call) as opened:
            stream = opened.chat.completions.create(
                stream=True,
                stream_options={"include_usage": True},
                extra_headers=client.headers(self._provider),
                **client.parameters(self._provider, self._request),
            )
            self._answer.read_headers(stream.response.headers)
            try:
                yield from stream
            except openai.APIConnectionError:
                if not self._answer.finish_reason:  # afterwards only the usage is lost, not the text
                    raise

    def _error(self, fault: Exception, usage: Usage) -> ProviderError:
        return client.error_of(self._provider, fault, usage, self._answer.request_id)
