"""What every AI vendor looks like from here: text in, a stream of text out, one closed vocabulary of failures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol, Self

from django.utils.translation import gettext_lazy as _

Role = Literal["system", "user", "assistant"]
UsageSource = Literal["reported", "estimated", "unknown"]
ErrorCode = Literal[
    "rate_limited",
    "quota",
    "overloaded",
    "timeout",
    "connection",
    "invalid",
    "auth",
    "content_filter",
    "context_length",
    "refused",
    "garbage",
]

# What a person reads for each code.
ERROR_DETAILS = MappingProxyType(
    {
        "rate_limited": _("The AI provider limits the rate of requests."),
        "quota": _("The quota or credit at the AI provider is used up."),
        "overloaded": _("The AI provider is overloaded or has an internal fault."),
        "timeout": _("The AI provider did not answer in time."),
        "connection": _("The AI provider could not be reached, or the connection broke."),
        "invalid": _("The AI provider did not accept the request."),
        "auth": _("The AI provider did not accept the configured key."),
        "content_filter": _("The AI provider's content filter blocked the request or the answer."),
        "context_length": _("The request is longer than the model can read."),
        "refused": _("The model refused to write this."),
        "garbage": _("The AI provider's answer could not be understood."),
    }
)


@dataclass(frozen=True)
class Message:
    """One turn of the conversation that a model is asked to continue."""

    role: Role
    content: str


@dataclass(frozen=True)
class CompletionRequest:
    """One text asked of a model. `temperature` and `seed` are left out of the call when None (reasoning models reject them)."""

    model: str
    messages: tuple[Message, ...]
    max_output_tokens: int
    temperature: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens of one call, as the vendor bills them.

    `cached_tokens` are part of `input_tokens`; what a model thinks before it writes is part of `output_tokens`. `source` says
    whether the vendor reported them, whether they are estimated from the text that passed, or whether it is unknown if anything was billed.
    """

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    source: UsageSource


@dataclass(frozen=True)
class TextChunk:
    """The next piece of text, never empty."""

    text: str


@dataclass(frozen=True)
class Finished:
    """The last item of a completion. `finish_reason` is `stop`, `length`, `cancelled` or another word of the vendor."""

    usage: Usage
    finish_reason: str
    model: str
    request_id: str


class ProviderError(Exception):
    """A call that gave no text.

    `permanent` means that the same call will fail again. `retry_after` is in seconds, as the vendor asked. `upstream` is the
    vendor's answer without secrets: `provider, status, code, message, request_id`, each where known. `usage` is what the call
    may have cost, None when the vendor turned it down before any work.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str = "",
        *,
        permanent: bool,
        retry_after: float | None = None,
        upstream: Mapping[str, str | int] | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.code: ErrorCode = code
        self.detail = detail or str(ERROR_DETAILS[code])
        self.permanent = permanent
        self.retry_after = retry_after
        self.upstream = dict(upstream or {})
        self.usage = usage
        super().__init__(f"{code}: {self.detail}")


class Completion(Protocol):
    """A running call: any number of TextChunk, then one Finished; or a ProviderError, which may come after text.

    `close` may be called from any thread and ends the call upstream at once, also while the vendor is silent; the
    iteration then ends with a Finished whose reason is `cancelled`. Leaving the `with` block closes too.
    """

    def __iter__(self) -> Iterator[TextChunk | Finished]: ...

    def __next__(self) -> TextChunk | Finished: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class Provider(Protocol):
    """One configured AI vendor."""

    @property
    def name(self) -> str: ...

    def stream(self, request: CompletionRequest) -> Completion:
        """Start a completion. Nothing is sent before the first item is asked for; failures come out of the iteration."""
        ...


def estimate_tokens(text: str) -> int:
    """Return about how many tokens `text` is, rather too many than too few.

    English is about four characters a token; other languages, emoji and names take more tokens, and an estimate stands in for
    a bill that is never to be higher than our ledger, so this counts three bytes of UTF-8 a token.
    """
    return -(-len(text.encode("utf-8", "replace")) // 3)


def most_usage(request: CompletionRequest) -> Usage:
    """Return the most that one call can be billed: no token is less than a byte of UTF-8, and the vendor stops at the output's limit.

    Chat markup adds a few tokens a message.
    """
    prompt = sum(len(message.content.encode("utf-8", "replace")) + 8 for message in request.messages)
    return Usage(prompt, 0, request.max_output_tokens, "unknown")


def estimate_usage(request: CompletionRequest, *, output: str, chunks: int, source: UsageSource) -> Usage:
    """Return the estimated usage of a call that wrote `output` in `chunks` pieces and reported nothing.

    Vendors stream at most a token per piece or so, hence the pieces are a lower bound; chat markup adds a few tokens a message.
    """
    prompt = sum(estimate_tokens(message.content) + 8 for message in request.messages)
    return Usage(prompt, 0, max(chunks, estimate_tokens(output)), source)
