"""OpenAI's and Azure's batches: a file of requests goes up, and files of answers and of errors come down.

Facts: the vendors' guides to batches and the SDK's types (openai 3.54). Both keep files for 14 days here, longer than a batch takes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ai.providers import batches
from ai.providers.answer import GarbageError, count_in, word_in
from ai.providers.base import BatchRequest, BatchResult, BatchState, BatchStatus, ProviderError, estimate_usage, most_usage
from ai.providers.batches import MAX_RESULT_BYTES, NOTHING, ErrorOf, LineError
from ai.providers.errors import provider_error
from ai.providers.openai import client
from ai.providers.openai.answer import Answer
from ai.providers.openai.errors import vocabulary

if TYPE_CHECKING:
    from ai.providers.openai import OpenAIProvider

EXPIRES = {"anchor": "created_at", "seconds": 14 * 24 * 3600}
STATES: Mapping[str, BatchState] = {
    "validating": "running",
    "in_progress": "running",
    "finalizing": "running",
    "cancelling": "running",
    "completed": "ended",
    "expired": "ended",
    "cancelled": "ended",
    "failed": "failed",
}


def submit(provider: "OpenAIProvider", requests: Sequence[BatchRequest]) -> str:
    """See `ai.providers.base.Batcher`."""
    # The dated Azure API names the endpoint without the version.
    endpoint = "/chat/completions" if provider.api_version else "/v1/chat/completions"
    lines = [
        {"custom_id": item.custom_id, "method": "POST", "url": endpoint, "body": client.parameters(provider, item.request)}
        for item in requests
    ]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    headers = client.headers(provider)

    def upload(opened: Any) -> str:
        file = ("batch.jsonl", content, "application/jsonl")
        return batches.id_in(opened.files.create(file=file, purpose="batch", expires_after=EXPIRES, extra_headers=headers))

    def create(opened: Any) -> str:
        made = opened.batches.create(input_file_id=file_id, endpoint=endpoint, completion_window="24h", extra_headers=headers)
        return batches.id_in(made)

    file_id = client.ask(provider, upload, at_most=NOTHING)
    return client.ask(provider, create, at_most=batches.most_of(requests))


def status(provider: "OpenAIProvider", batch_id: str) -> BatchStatus:
    """See `ai.providers.base.Batcher`."""

    def send(opened: Any) -> BatchStatus:
        batch = opened.batches.retrieve(batch_id, extra_headers=client.headers(provider))
        counts = getattr(batch, "request_counts", None)
        done = (count_in(counts, "completed") or 0) + (count_in(counts, "failed") or 0)
        state = _state(batch)
        return BatchStatus(state, done, count_in(counts, "total") or 0, _refusal(provider, batch) if state == "failed" else None)

    return client.ask(provider, send, at_most=NOTHING)


def results(provider: "OpenAIProvider", batch_id: str, requests: Sequence[BatchRequest]) -> tuple[BatchResult, ...]:
    """See `ai.providers.base.Batcher`."""
    names, cut_short = _outcome(provider, batch_id)
    lines: dict[str, Mapping[str, Any]] = {}
    for name in names:
        read, all_readable = _download(provider, name)
        lines = read | lines
        cut_short = cut_short and all_readable
    found = {item.custom_id: _result(provider, item, lines[item.custom_id]) for item in requests if item.custom_id in lines}
    return batches.in_order(requests, found, unbegun=cut_short, error_of=_error_of(provider))


def cancel(provider: "OpenAIProvider", batch_id: str) -> None:
    """See `ai.providers.base.Batcher`."""
    client.ask(provider, lambda opened: opened.batches.cancel(batch_id, extra_headers=client.headers(provider)), at_most=NOTHING)


def _outcome(provider: "OpenAIProvider", batch_id: str) -> tuple[list[str], bool]:
    """Return the names of the files of a batch that has ended, the answers first, and whether it ended before all was done."""

    def send(opened: Any) -> tuple[list[str], bool]:
        batch = opened.batches.retrieve(batch_id, extra_headers=client.headers(provider))
        if _state(batch) != "ended":
            raise GarbageError("the batch has not ended")
        names = [word_in(batch, field) for field in ("output_file_id", "error_file_id")]
        return [name for name in names if name], word_in(batch, "status") in ("cancelled", "expired")

    return client.ask(provider, send, at_most=NOTHING)


def _download(provider: "OpenAIProvider", name: str) -> tuple[dict[str, Mapping[str, Any]], bool]:
    def send(opened: Any) -> tuple[dict[str, Mapping[str, Any]], bool]:
        return batches.by_custom_id(opened.files.content(name, extra_headers=client.headers(provider)).content)

    return client.ask(provider, send, at_most=NOTHING, most_bytes=MAX_RESULT_BYTES)


def _state(batch: Any) -> BatchState:
    state = STATES.get(word_in(batch, "status"))
    if state is None:
        raise GarbageError("a batch without a state")
    return state


def _result(provider: "OpenAIProvider", item: BatchRequest, line: Mapping[str, Any]) -> BatchResult:
    response, fault = line.get("response"), line.get("error")
    if isinstance(fault, dict) and fault.get("code") == "batch_cancelled":
        return batches.cancelled(item)
    error_of = _error_of(provider)
    if not isinstance(response, dict):
        billed = NOTHING if isinstance(fault, dict) else most_usage(item.request)
        return BatchResult(item.custom_id, error=error_of(LineError(fault), billed))
    if response.get("status_code") != HTTPStatus.OK:
        billed = estimate_usage(item.request, output="", chunks=0, source="unknown")
        return BatchResult(item.custom_id, error=error_of(LineError(response.get("body"), response.get("status_code")), billed))
    return batches.read(item, Answer(), response.get("body"), error_of=error_of)


def _refusal(provider: "OpenAIProvider", batch: Any) -> ProviderError:
    """Return why the vendor took none of a batch, in its first words about it."""
    problems = getattr(getattr(batch, "errors", None), "data", None)
    first = problems[0] if isinstance(problems, list) and problems else None
    return _error_of(provider)(LineError({"code": word_in(first, "code"), "message": word_in(first, "message")}, 400), NOTHING)


def _error_of(provider: "OpenAIProvider") -> ErrorOf:
    words = replace(vocabulary(), any_error=LineError)
    return lambda fault, usage: provider_error(fault, words, provider=provider.name, secret=provider.api_key, usage=usage)
