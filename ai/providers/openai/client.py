"""The official SDK's client, made for one call and without its own retries and environment."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ai.providers.base import ProviderError, Usage
from ai.providers.call import Call
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


def ask(provider: "OpenAIProvider", send: Callable[[Any], T], *, at_most: Usage) -> T:
    """Return what `send` makes of the client, of one call that is no stream. Raises ProviderError, with `at_most` as its usage."""
    call = Call(provider.timeouts, proxies=provider.proxies)
    try:
        call.begin()
        with client(provider, call) as opened:
            return send(opened)
    except Exception as error:  # noqa: BLE001 - the vendor's bytes can make the SDK raise anything; all of it is translated
        fault: Exception = error
    finally:
        call.end()
    # Outside of the handler: the SDK's exception, whose text may hold the key, stays behind.
    usage = at_most if call.connected else Usage(0, 0, 0, "reported")
    raise error_of(provider, TimeoutError() if call.ended_by == "timeout" else fault, usage)
