"""OpenAI's two other services: moderation, which is free, and embeddings."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ai.providers.answer import GarbageError, count_in, word_in
from ai.providers.base import Embeddings, Moderation, Usage
from ai.providers.openai import client

if TYPE_CHECKING:
    from ai.providers.openai import OpenAIProvider

FREE = Usage(0, 0, 0, "reported")


def moderate(provider: "OpenAIProvider", texts: Sequence[str], images: Sequence[str]) -> tuple[Moderation, ...]:
    """Return one finding for each text, by one call for all, then one for each image, which are asked one by one. Raises ProviderError."""
    asked: list[tuple[Any, int]] = [(list(texts), len(texts))] if texts else []
    asked += [([{"type": "image_url", "image_url": {"url": image}}], 1) for image in images]
    return tuple(found for question, count in asked for found in _moderations(provider, question, count))


def embed(provider: "OpenAIProvider", texts: Sequence[str], *, model: str) -> Embeddings:
    """Return the vectors of `texts`, in their order. Raises ProviderError."""

    def send(opened: Any) -> Embeddings:
        answer = opened.embeddings.create(model=model, input=list(texts), encoding_format="float", extra_headers=client.headers(provider))
        return _embeddings(answer, count=len(texts), model=model)

    most = sum(len(text.encode("utf-8", "replace")) for text in texts)
    return client.ask(provider, send, at_most=Usage(most, 0, 0, "unknown"))


def _moderations(provider: "OpenAIProvider", question: Any, count: int) -> list[Moderation]:
    def send(opened: Any) -> list[Moderation]:
        answer = opened.moderations.create(model=provider.moderation_model, input=question, extra_headers=client.headers(provider))
        results = getattr(answer, "results", None)
        if not isinstance(results, list) or len(results) != count:
            raise GarbageError("not a result for each text")
        return [_moderation(result, model=word_in(answer, "model")) for result in results]

    return client.ask(provider, send, at_most=FREE)


def _moderation(result: Any, *, model: str) -> Moderation:
    scores = _as_dict(getattr(result, "category_scores", None))
    flags = _as_dict(getattr(result, "categories", None))
    if not scores or not all(_is_number(score) and 0 <= score <= 1 for score in scores.values()):
        raise GarbageError("scores that are none")
    return Moderation(model, scores, frozenset(name for name, flagged in flags.items() if flagged is True))


def _as_dict(value: Any) -> Mapping[str, Any]:
    """Return the categories by the vendor's own names (`sexual/minors`), those without a verdict left out."""
    if not hasattr(value, "model_dump"):
        raise GarbageError("no categories")
    shown: dict[str, Any] = value.model_dump(by_alias=True, warnings=False)
    return {name: verdict for name, verdict in shown.items() if verdict is not None}


def _embeddings(answer: Any, *, count: int, model: str) -> Embeddings:
    rows = getattr(answer, "data", None)
    if not isinstance(rows, list) or sorted(getattr(row, "index", None) or 0 for row in rows) != list(range(count)):
        raise GarbageError("not a vector for each text")
    vectors = tuple(_vector(row) for row in sorted(rows, key=lambda row: row.index))
    tokens = count_in(getattr(answer, "usage", None), "prompt_tokens")
    if tokens is None:
        raise GarbageError("no usage")
    return Embeddings(vectors, word_in(answer, "model") or model, Usage(tokens, 0, 0, "reported"))


def _vector(row: Any) -> tuple[float, ...]:
    numbers = getattr(row, "embedding", None)
    if not isinstance(numbers, list) or not numbers or not all(_is_number(number) for number in numbers):
        raise GarbageError("a vector that is none")
    return tuple(map(float, numbers))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
