"""The AI vendors behind one Protocol, and which of them the settings name.

A new vendor is one module with a class that has `name`, `capabilities` and `stream`, and one entry in `_BUILDERS`
(docs/adding-a-provider.md).
"""

from collections.abc import Callable, Mapping
from typing import cast

from django.conf import settings

from ai.providers.anthropic import AnthropicProvider
from ai.providers.base import Batcher, Capability, Embedder, Moderator, Provider
from ai.providers.call import Timeouts
from ai.providers.guard import Guarded
from ai.providers.openai import OpenAIProvider

_CHAT: frozenset[Capability] = frozenset({"schema", "temperature", "seed"})


def configured() -> list[str]:
    """Return the names of the providers that the settings name, the one to prefer first."""
    return [name for name, build in _BUILDERS.items() if build() is not None]


def get(name: str) -> Provider:
    """Return the provider `name` as the settings configure it, behind its circuits. Raises LookupError if they do not."""
    build = _BUILDERS.get(name)
    provider = build() if build else None
    if provider is None:
        raise LookupError(f"no AI provider {name!r} is configured")
    return Guarded(provider)


def moderator() -> Moderator | None:
    """Return the first configured provider that judges texts and images, or None."""
    return cast("Moderator | None", _first_with("moderate"))


def embedder() -> Embedder | None:
    """Return the first configured provider that turns texts into vectors, or None."""
    return cast("Embedder | None", _first_with("embed"))


def batcher(name: str) -> Batcher | None:
    """Return the provider `name` as the settings configure it, if it takes batches, else None."""
    provider = get(name) if name in configured() else None
    return cast("Batcher", provider) if provider is not None and "batch" in provider.capabilities else None


def _first_with(capability: Capability) -> Provider | None:
    return next((provider for provider in map(get, configured()) if capability in provider.capabilities), None)


def _timeouts() -> Timeouts:
    return Timeouts(settings.AI_CONNECT_TIMEOUT_SECONDS, settings.AI_FIRST_BYTE_TIMEOUT_SECONDS, settings.AI_TOTAL_TIMEOUT_SECONDS)


def _azure() -> OpenAIProvider | None:
    if not (settings.AZURE_OPENAI_ENDPOINT and settings.AZURE_OPENAI_API_KEY):
        return None
    dated = settings.AZURE_OPENAI_API_VERSION
    endpoint = settings.AZURE_OPENAI_ENDPOINT.rstrip("/")
    return OpenAIProvider(
        name="azure",
        base_url=endpoint if dated else f"{endpoint}/openai/v1/",
        timeouts=_timeouts(),
        api_key=settings.AZURE_OPENAI_API_KEY,
        api_version=dated,
        key_header="api-key",
        capabilities=_CHAT | {"embed", "batch"},  # Azure has no moderation endpoint of OpenAI's form
    )


def _openai() -> OpenAIProvider | None:
    if not settings.OPENAI_API_KEY:
        return None
    return OpenAIProvider(name="openai", base_url=settings.OPENAI_BASE_URL, timeouts=_timeouts(), api_key=settings.OPENAI_API_KEY)


def _anthropic() -> AnthropicProvider | None:
    if not settings.ANTHROPIC_API_KEY:
        return None
    return AnthropicProvider(
        name="anthropic", base_url=settings.ANTHROPIC_BASE_URL, timeouts=_timeouts(), api_key=settings.ANTHROPIC_API_KEY
    )


def _compatible() -> OpenAIProvider | None:
    if not settings.AI_BASE_URL:
        return None
    return OpenAIProvider(
        name="compatible",
        base_url=settings.AI_BASE_URL,
        timeouts=_timeouts(),
        api_key=settings.AI_API_KEY,
        limit_parameter="max_tokens",
        capabilities=_CHAT | {"embed"},
    )


def _local() -> OpenAIProvider | None:
    if not settings.LOCAL_AI_URL:
        return None
    base_url = settings.LOCAL_AI_URL.rstrip("/").removesuffix("/v1") + "/v1"
    return OpenAIProvider(
        name="local", base_url=base_url, timeouts=_timeouts(), limit_parameter="max_tokens", proxies=False, capabilities=_CHAT
    )


# In order of precedence. A provider is built for each use: it is a handful of strings, and tests may change the settings.
_BUILDERS: Mapping[str, Callable[[], Provider | None]] = {
    "azure": _azure,
    "openai": _openai,
    "anthropic": _anthropic,
    "compatible": _compatible,
    "local": _local,
}
