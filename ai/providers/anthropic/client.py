"""The official SDK's client, made for one call and without its own retries and environment."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ai.providers import call as calls
from ai.providers.anthropic.errors import vocabulary
from ai.providers.base import CompletionRequest, ProviderError, Usage
from ai.providers.call import MAX_ANSWER_BYTES, Call
from ai.providers.errors import provider_error

if TYPE_CHECKING:
    from ai.providers.anthropic import AnthropicProvider

T = TypeVar("T")


def client(provider: "AnthropicProvider", call: Call) -> Any:
    """Return the SDK's client that speaks through `call`."""
    import anthropic

    return anthropic.Anthropic(
        base_url=provider.base_url, api_key=provider.api_key, max_retries=0, http_client=call.client, open_telemetry=False
    )


def headers(provider: "AnthropicProvider") -> dict[str, str]:
    """Return the headers in which a call differs from the SDK's defaults."""
    # The key again: the SDK lets ANTHROPIC_CUSTOM_HEADERS of the environment replace its own header.
    return {"Accept-Encoding": "identity", "Authorization": f"Bearer {provider.api_key}"}


def parameters(request: CompletionRequest) -> dict[str, Any]:
    """Return the body of a request for a message."""
    optional: dict[str, Any] = {"system": "\n\n".join(message.content for message in request.messages if message.role == "system")}
    if request.schema:
        optional["output_config"] = {"format": {"type": "json_schema", "schema": dict(request.schema.schema)}}
    return {
        "model": request.model,
        "max_tokens": request.max_output_tokens,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages if message.role != "system"],
        **{name: value for name, value in optional.items() if value},
    }


def error_of(provider: "AnthropicProvider", fault: Exception, usage: Usage, request_id: str = "") -> ProviderError:
    """Return our error for a fault of a call to `provider`."""
    return provider_error(fault, vocabulary(), provider=provider.name, secret=provider.api_key, usage=usage, request_id=request_id)


def ask(provider: "AnthropicProvider", send: Callable[[Any], T], *, at_most: Usage, most_bytes: int = MAX_ANSWER_BYTES) -> T:
    """Return what `send` makes of the client, of one call that is no stream. Raises ProviderError, with `at_most` as its usage."""
    call = Call(provider.timeouts, proxies=True, most_bytes=most_bytes)

    def sent() -> T:
        with client(provider, call) as opened:
            return send(opened)

    return calls.ask(call, sent, at_most=at_most, error_of=lambda fault, usage: error_of(provider, fault, usage))
