"""The official SDK's client, made for one call and without its own retries and environment."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ai.providers import call as calls
from ai.providers.base import CompletionRequest, ProviderError, Usage
from ai.providers.call import MAX_ANSWER_BYTES, Call
from ai.providers.errors import provider_error
from ai.providers.openai.errors import vocabulary

if TYPE_CHECKING:
    from ai.providers.openai import OpenAIProvider

T = TypeVar("T")


def client(provider: "OpenAIProvider", call: Call) -> Any:
    """Return the SDK's client that speaks through `call`."""
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


def headers(provider: "OpenAIProvider") -> dict[str, Any]:
    """Return the headers in which a call differs from the SDK's defaults; what it would add from the environment is left out."""
    import openai

    changed: dict[str, Any] = {"Accept-Encoding": "identity", "OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
    if provider.key_header == "api-key":
        changed["api-key"] = provider.api_key
    if provider.key_header == "api-key" or not provider.api_key:
        changed["Authorization"] = openai.Omit()
    return changed


def error_of(provider: "OpenAIProvider", fault: Exception, usage: Usage, request_id: str = "") -> ProviderError:
    """Return our error for a fault of a call to `provider`."""
    words = vocabulary()
    return provider_error(fault, words, provider=provider.name, secret=provider.api_key, usage=usage, request_id=request_id)


def ask(provider: "OpenAIProvider", send: Callable[[Any], T], *, at_most: Usage, most_bytes: int = MAX_ANSWER_BYTES) -> T:
    """Return what `send` makes of the client, of one call that is no stream. Raises ProviderError, with `at_most` as its usage."""
    call = Call(provider.timeouts, proxies=provider.proxies, most_bytes=most_bytes)

    def sent() -> T:
        with client(provider, call) as opened:
            return send(opened)

    return calls.ask(call, sent, at_most=at_most, error_of=lambda fault, usage: error_of(provider, fault, usage))


def parameters(provider: "OpenAIProvider", request: CompletionRequest) -> dict[str, Any]:
    """Return the body of a request for a chat completion."""
    optional: dict[str, Any] = {
        "temperature": request.temperature,
        "seed": request.seed,
        provider.limit_parameter: request.max_output_tokens,
    }
    if request.schema:
        json_schema = {"name": request.schema.name, "strict": True, "schema": dict(request.schema.schema)}
        optional["response_format"] = {"type": "json_schema", "json_schema": json_schema}
    return {
        "model": request.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        **{name: value for name, value in optional.items() if value is not None},
    }
