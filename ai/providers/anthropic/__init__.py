"""Anthropic's Messages API over the official SDK, in its API version 2026-10-21, which takes neither temperature nor seed.

Facts about errors and streams: the SDK's source (anthropic 2.12) and the vendor's API reference.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ai.providers.anthropic.answer import Answer
from ai.providers.anthropic.errors import vocabulary
from ai.providers.base import Capability, CompletionRequest, ProviderError, Usage
from ai.providers.call import Call, Timeouts
from ai.providers.completion import StreamedCompletion
from ai.providers.errors import provider_error


@dataclass(frozen=True)
class AnthropicProvider:
    """One server that speaks Anthropic's Messages; `base_url` has no path."""

    name: str
    base_url: str
    timeouts: Timeouts
    api_key: str = field(repr=False)
    capabilities: frozenset[Capability] = frozenset({"schema"})

    def stream(self, request: CompletionRequest) -> "AnthropicCompletion":
        """Return the completion of `request`, not yet begun."""
        return AnthropicCompletion(self, request)


class AnthropicCompletion(StreamedCompletion):
    """One message as it streams in."""

    def __init__(self, provider: AnthropicProvider, request: CompletionRequest) -> None:
        super().__init__(request, call=Call(provider.timeouts, proxies=True), answer=Answer())
        self._provider = provider

    def _chunks(self) -> Iterator[Any]:
        import httpx2

        with self._client() as client:
            stream = client.messages.create(stream=True, extra_headers=self._headers(), **self._parameters())
            self._answer.read_headers(stream.response.headers)
            try:
                yield from stream
            except httpx2.TransportError:
                if not self._answer.finish_reason:  # afterwards nothing more is told
                    raise

    def _client(self) -> Any:
        import anthropic

        provider = self._provider
        return anthropic.Anthropic(
            base_url=provider.base_url, api_key=provider.api_key, max_retries=0, http_client=self._call.client, open_telemetry=False
        )

    def _headers(self) -> dict[str, str]:
        # The key again: the SDK lets ANTHROPIC_CUSTOM_HEADERS of the environment replace its own header.
        return {"Accept-Encoding": "identity", "Authorization": f"Bearer {self._provider.api_key}"}

    def _parameters(self) -> dict[str, Any]:
        request = self._request
        optional: dict[str, Any] = {"system": "\n\n".join(message.content for message in request.messages if message.role == "system")}
        if request.schema:
            optional["output_config"] = {"format": {"type": "json_schema", "schema": dict(request.schema.schema)}}
        return {
            "model": request.model,
            "max_tokens": request.max_output_tokens,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages if message.role != "system"],
            **{name: value for name, value in optional.items() if value},
        }

    def _error(self, fault: Exception, usage: Usage) -> ProviderError:
        return provider_error(
            fault,
            vocabulary(),
            provider=self._provider.name,
            secret=self._provider.api_key,
            usage=usage,
            request_id=self._answer.request_id,
        )
