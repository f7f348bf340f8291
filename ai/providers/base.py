"""What every AI vendor looks like from here: text in, a stream of text out, one closed vocabulary of failures."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol, Self, cast

from django.utils.translation import gettext_lazy as _

Role = Literal["system", "user", "assistant"]
UsageSource = Literal["reported", "estimated", "unknown"]
Capability = Literal["schema", "temperature", "seed", "moderate", "embed", "batch"]
BatchState = Literal["running", "ended", "failed"]
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
class Schema:
    """The JSON that an answer is to be; `name` is of letters, digits, `_` and `-`.

    Vendors' strict modes ask that every object lists all its properties as required and says `additionalProperties: false`.
    """

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class CompletionRequest:
    """One text asked of a model.

    `temperature` and `seed` are left out of the call when None (reasoning models reject them) and where the vendor has no such
    parameter. With a `schema` the vendor is asked for JSON in its own way; the answer is still to be read with `ai.structured`.
    """

    model: str
    messages: tuple[Message, ...]
    max_output_tokens: int
    temperature: float | None = None
    seed: int | None = None
    schema: Schema | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens of one call, as the vendor bills them.

    `cached_tokens`, read from the vendor's cache, and `cache_write_tokens`, put into it, are parts of `input_tokens` that do not
    overlap; what a model thinks before it writes is part of `output_tokens`. `source` says whether the vendor reported them, whether
    they are estimated from the text that passed, or whether it is unknown if anything was billed.
    """

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    source: UsageSource
    cache_write_tokens: int = 0


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

    @property
    def may_be_asked_elsewhere(self) -> bool:
        """Return whether another vendor or model may be sent the same prompt.

        Never where a filter blocked it or a model refused it: going elsewhere would be to get round that.
        """
        return self.code not in ("content_filter", "refused")


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

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this vendor can do besides writing text; a model may still do less."""
        ...

    def stream(self, request: CompletionRequest) -> Completion:
        """Start a completion. Nothing is sent before the first item is asked for; failures come out of the iteration."""
        ...


@dataclass(frozen=True)
class Moderation:
    """What a vendor's moderation found in one text or image: how likely each of its categories is, from 0 to 1.

    `flagged` are the categories that the vendor itself would act on; our thresholds are another matter.
    """

    model: str
    scores: Mapping[str, float]
    flagged: frozenset[str]


@dataclass(frozen=True)
class Embeddings:
    """One vector for each text, in order, and what they cost."""

    vectors: tuple[tuple[float, ...], ...]
    model: str
    usage: Usage


@dataclass(frozen=True)
class BatchRequest:
    """One text asked of a model in a batch; `custom_id`, of at most 64 letters, digits, `_` and `-`, is its own within the batch."""

    custom_id: str
    request: CompletionRequest


@dataclass(frozen=True)
class BatchStatus:
    """How far a vendor is with a batch.

    `running`: results are to come. `ended`: they can be read, also those of a batch that was cancelled or ran out of time. `failed`: the
    vendor took none of it, for the reason `error`, and bills nothing. `done` of `total` requests were worked off, as far as it tells.
    """

    state: BatchState
    done: int
    total: int
    error: ProviderError | None = None


@dataclass(frozen=True)
class BatchResult:
    """What came of one request of a batch: its text and how it ended, or the error for which there is none.

    One that the vendor did not begin, since the batch was cancelled or its time was over, is finished as `cancelled` or is a `timeout`,
    and cost nothing. One of which nothing can be read is `garbage` that may have cost the most that it can.
    """

    custom_id: str
    text: str = ""
    finished: Finished | None = None
    error: ProviderError | None = None


class Batcher(Provider, Protocol):
    """A vendor with the capability `batch`: many texts within a day, for less."""

    def submit_batch(self, requests: Sequence[BatchRequest]) -> str:
        """Hand over requests, all of one model, and return the vendor's name of the batch.

        Raises ProviderError; where its `usage` is more than nothing, nobody knows whether the vendor took the batch.
        """
        ...

    def batch_status(self, batch_id: str) -> BatchStatus:
        """Return how far the vendor is. Raises ProviderError."""
        ...

    def batch_results(self, batch_id: str, requests: Sequence[BatchRequest]) -> tuple[BatchResult, ...]:
        """Return one result for each of the requests that were handed over, in their order, of a batch that has ended.

        Raises ProviderError if the vendor gives no results now; what the batch cost is known by its results only.
        """
        ...

    def cancel_batch(self, batch_id: str) -> None:
        """Ask the vendor to begin no more of it; what it has begun is still done and billed. Raises ProviderError."""
        ...


class Moderator(Provider, Protocol):
    """A vendor with the capability `moderate`."""

    @property
    def moderation_model(self) -> str:
        """Return the model that judges."""
        ...

    def moderate(self, texts: Sequence[str], images: Sequence[str] = ()) -> tuple[Moderation, ...]:
        """Return one finding for each text, then one for each image (an https or data URL). Raises ProviderError."""
        ...


class Embedder(Provider, Protocol):
    """A vendor with the capability `embed`."""

    def embed(self, texts: Sequence[str], *, model: str) -> Embeddings:
        """Return the vectors of `texts` by `model`. Raises ProviderError."""
        ...


def complete(provider: Provider, request: CompletionRequest) -> tuple[str, Finished]:
    """Return the whole text of one call, and how it ended. Raises ProviderError."""
    with provider.stream(request) as completion:
        items = list(completion)
    return "".join(item.text for item in items if isinstance(item, TextChunk)), cast("Finished", items[-1])


def estimate_tokens(text: str) -> int:
    """Return about how many tokens `text` is, rather too many than too few.

    English is about four characters a token; other languages, emoji and names take more tokens, and an estimate stands in for
    a bill that is never to be higher than our ledger, so this counts three bytes of UTF-8 a token.
    """
    return -(-len(text.encode("utf-8", "replace")) // 3)


def most_usage(request: CompletionRequest) -> Usage:
    """Return the most that one call can be billed: no token is less than a byte of UTF-8, and the vendor stops at the output's limit.

    Chat markup adds a few tokens a message, and a schema is read as part of the prompt.
    """
    prompt = sum(len(message.content.encode("utf-8", "replace")) + 8 for message in request.messages)
    return Usage(prompt + len(_schema_text(request)), 0, request.max_output_tokens, "unknown")


def estimate_usage(request: CompletionRequest, *, output: str, chunks: int, source: UsageSource) -> Usage:
    """Return the estimated usage of a call that wrote `output` in `chunks` pieces and reported nothing.

    Vendors stream at most a token per piece or so, hence the pieces are a lower bound; chat markup adds a few tokens a message.
    """
    prompt = sum(estimate_tokens(message.content) + 8 for message in request.messages) + estimate_tokens(_schema_text(request))
    return Usage(prompt, 0, max(chunks, estimate_tokens(output)), source)


def _schema_text(request: CompletionRequest) -> str:
    return json.dumps(dict(request.schema.schema)) + request.schema.name if request.schema else ""
