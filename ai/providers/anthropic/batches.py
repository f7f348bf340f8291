"""Anthropic's message batches. Facts: the vendor's API reference and the SDK's types (anthropic 2.12)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ai.providers import batches
from ai.providers.answer import GarbageError, count_in, word_in
from ai.providers.anthropic import client
from ai.providers.anthropic.answer import Answer
from ai.providers.anthropic.errors import vocabulary
from ai.providers.base import BatchRequest, BatchResult, BatchState, BatchStatus
from ai.providers.batches import MAX_RESULT_BYTES, NOTHING, ErrorOf, LineError
from ai.providers.errors import provider_error

if TYPE_CHECKING:
    from ai.providers.anthropic import AnthropicProvider

STATES: Mapping[str, BatchState] = {"in_progress": "running", "canceling": "running", "ended": "ended"}
DONE = ("succeeded", "errored", "canceled", "expired")
EXPIRED = {"type": "timeout_error", "message": "The request was not begun within the batch's day."}


def submit(provider: "AnthropicProvider", requests: Sequence[BatchRequest]) -> str:
    """See `ai.providers.base.Batcher`."""
    asked = [{"custom_id": item.custom_id, "params": client.parameters(item.request)} for item in requests]
    return client.ask(
        provider,
        lambda opened: batches.id_in(opened.messages.batches.create(requests=asked, extra_headers=client.headers(provider))),
        at_most=batches.most_of(requests),
    )


def status(provider: "AnthropicProvider", batch_id: str) -> BatchStatus:
    """See `ai.providers.base.Batcher`."""

    def send(opened: Any) -> BatchStatus:
        batch = opened.messages.batches.retrieve(batch_id, extra_headers=client.headers(provider))
        counts = getattr(batch, "request_counts", None)
        state = STATES.get(word_in(batch, "processing_status"))
        if state is None:
            raise GarbageError("a batch without a state")
        done = sum(count_in(counts, name) or 0 for name in DONE)
        return BatchStatus(state, done, done + (count_in(counts, "processing") or 0))

    return client.ask(provider, send, at_most=NOTHING)


def results(provider: "AnthropicProvider", batch_id: str, requests: Sequence[BatchRequest]) -> tuple[BatchResult, ...]:
    """See `ai.providers.base.Batcher`."""

    def send(opened: Any) -> dict[str, Mapping[str, Any]]:
        import httpx2

        # Not by the SDK's way, which goes to whatever address the vendor's answer names, with the key.
        path = f"/v1/messages/batches/{batch_id}/results"
        answer = opened.get(path, cast_to=httpx2.Response, options={"headers": client.headers(provider)})
        return batches.by_custom_id(answer.content)[0]

    lines = client.ask(provider, send, at_most=NOTHING, most_bytes=MAX_RESULT_BYTES)
    found = {item.custom_id: _result(provider, item, lines[item.custom_id]) for item in requests if item.custom_id in lines}
    return batches.in_order(requests, found, unbegun=False, error_of=_error_of(provider))  # the vendor has a line for each


def cancel(provider: "AnthropicProvider", batch_id: str) -> None:
    """See `ai.providers.base.Batcher`."""
    client.ask(provider, lambda opened: opened.messages.batches.cancel(batch_id, extra_headers=client.headers(provider)), at_most=NOTHING)


def _result(provider: "AnthropicProvider", item: BatchRequest, line: Mapping[str, Any]) -> BatchResult:
    result = line.get("result")
    kind = result.get("type") if isinstance(result, dict) else None
    error_of = _error_of(provider)
    if kind == "canceled":
        return batches.cancelled(item)
    if kind == "expired":
        return BatchResult(item.custom_id, error=error_of(LineError(EXPIRED), NOTHING))
    if kind == "errored" and isinstance(result, dict):
        return BatchResult(item.custom_id, error=error_of(LineError(result.get("error")), NOTHING))
    return batches.read(item, Answer(), result.get("message") if isinstance(result, dict) else None, error_of=error_of)


def _error_of(provider: "AnthropicProvider") -> ErrorOf:
    words = replace(vocabulary(), any_error=LineError)
    return lambda fault, usage: provider_error(fault, words, provider=provider.name, secret=provider.api_key, usage=usage)
