"""The OpenAI protocol over the official SDK: OpenAI, Azure OpenAI, any compatible server and the embedded model, by configuration.

Facts about errors and streams: the SDK's source (openai 3.54) and the vendors' API references.
"""

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from ai.providers.base import CompletionRequest, Finished, TextChunk, Usage, UsageSource, estimate_usage
from ai.providers.call import Call, Timeouts
from ai.providers.openai.answer import Answer
from ai.providers.openai.errors import provider_error


@dataclass(frozen=True)
class OpenAIProvider:
    """One server that speaks OpenAI's chat completions.

    `base_url` ends in `/v1` or, with `api_version`, is the address of the Azure resource whose deployments are named by the model.
    `key_header` is where the key goes: `authorization` (as Bearer) or Azure's `api-key`. With `proxies` the environment's proxy
    settings are followed.
    """

    name: str
    base_url: str
    timeouts: Timeouts
    api_key: str = field(default="", repr=False)
    api_version: str = ""
    key_header: Literal["authorization", "api-key"] = "authorization"
    limit_parameter: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    proxies: bool = True

    def stream(self, request: CompletionRequest) -> "OpenAICompletion":
        """Return the completion of `request`, not yet begun."""
        return OpenAICompletion(self, request)


class OpenAICompletion:
    """One chat completion as it streams in. See `ai.providers.base.Completion`."""

    def __init__(self, provider: OpenAIProvider, request: CompletionRequest) -> None:
        self._provider = provider
        self._request = request
        self._answer = Answer()
        self._call = Call(provider.timeouts, proxies=provider.proxies)
        self._items = self._run()
        self._consumer = threading.Lock()

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

    def _chunks(self) -> Iterator[Any]:
        import openai

        request, provider = self._request, self._provider
        optional = {"temperature": request.temperature, "seed": request.seed, provider.limit_parameter: request.max_output_tokens}
        with _client(provider, self._call) as client:
            stream = client.chat.completions.create(
                model=request.model,
                messages=[{"role": message.role, "content": message.content} for message in request.messages],
                stream=True,
                stream_options={"include_usage": True},
                extra_headers=_headers(provider),
                **{name: value for name, value in optional.items() if value is not None},
            )
            self._answer.read_headers(stream.response.headers)
            try:
                yield from stream
            except openai.APIConnectionError:
                if not self._answer.finish_reason:  # afterwards only the usage is lost, not the text
                    raise

    def _outcome(self, fault: Exception | None) -> Finished:
        """Return how the call ended, or raise its ProviderError (without the SDK's exception, whose text may hold the key)."""
        answer = self._answer
        if self._call.connected:
            source: UsageSource = "estimated" if answer.pieces else "unknown"
            usage = answer.usage or estimate_usage(self._request, output=answer.text, chunks=answer.pieces, source=source)
        else:
            usage = Usage(0, 0, 0, "reported")
        cancelled = self._call.ended_by == "cancelled"
        if cancelled or fault is None:
            reason = "cancelled" if cancelled else answer.finish_reason
            return Finished(usage, reason, answer.model or self._request.model, answer.request_id)
        raise provider_error(
            TimeoutError() if self._call.ended_by == "timeout" else fault,
            provider=self._provider.name,
            secret=self._provider.api_key,
            usage=usage,
            request_id=answer.request_id,
        )


def _client(provider: OpenAIProvider, call: Call) -> Any:
    """Return the SDK's client, without its own retries."""
    import openai

    if provider.api_version:
        return openai.AzureOpenAI(
            azure_endpoint=provider.base_url,
            api_version=provider.api_version,
            api_key=provider.api_key,
            max_retries=0,
            http_client=call.client,
        )
    return openai.OpenAI(base_url=provider.base_url, api_key=provider.api_key or "none", max_retries=0, http_client=call.client)


def _headers(provider: OpenAIProvider) -> dict[str, Any]:
    """Return the headers in which a call differs from the SDK's defaults; what it would add from the environment is left out."""
    import openai

    headers: dict[str, Any] = {"Accept-Encoding": "identity", "OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
    if provider.key_header == "api-key":
        headers["api-key"] = provider.api_key
    if provider.key_header == "api-key" or not provider.api_key:
        headers["Authorization"] = openai.Omit()
    return headers
