"""`POST /moderations`, which is free, and `POST /embeddings`."""

import base64
import random
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ai.simulators import texts
from ai.simulators.openai.completions import COMPLETIONS
from ai.simulators.vendor import Behaviour, Call

if TYPE_CHECKING:
    from ai.simulators.server import Handler

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
SEEN_IN_IMAGES = frozenset({"self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "violence", "violence/graphic"})
FLAGGED_FROM = 0.5
DIMENSIONS = 1536


def _moderation_problem(body: dict[str, Any], headers: Mapping[str, str]) -> str | None:
    asked = body.get("input")
    if not asked or not isinstance(asked, str | list):
        return "'input' is a required property"
    images = [item for item in asked if isinstance(item, dict) and item.get("type") == "image_url"] if isinstance(asked, list) else []
    return "Too many images: at most 1." if len(images) > 1 else None


def _moderate(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    asked = call.body["input"]
    several = isinstance(asked, list) and all(isinstance(item, str) for item in asked)
    seen = "image" if not several and isinstance(asked, list) else "text"
    results = [_finding(behaviour, seen=seen) for _ in range(len(asked) if several else 1)]
    call.status = 200
    handler.send_json(
        200, {"id": f"modr-{call.number:08d}", "model": call.body.get("model", "omni-moderation-latest"), "results": results}, call
    )


def _finding(behaviour: Behaviour, *, seen: str) -> dict[str, Any]:
    scores = dict.fromkeys(CATEGORIES, 0.0001) | (behaviour.scores or {})
    flags = {name: isinstance(score, float) and score >= FLAGGED_FROM for name, score in scores.items()}
    applied = {name: [seen] if seen == "text" or name in SEEN_IN_IMAGES else [] for name in CATEGORIES}
    return {"flagged": any(flags.values()), "categories": flags, "category_scores": scores, "category_applied_input_types": applied}


def _embedding_problem(body: dict[str, Any], headers: Mapping[str, str]) -> str | None:
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "you must provide a model parameter"
    asked = body.get("input")
    if isinstance(asked, str):
        return None if asked else "input cannot be an empty string"
    fits = isinstance(asked, list) and asked and all(isinstance(text, str) and text for text in asked)
    return None if fits else "'$.input' is invalid."


def _texts(body: dict[str, Any]) -> list[str]:
    return [body["input"]] if isinstance(body["input"], str) else body["input"]


def _embedding_tokens(body: dict[str, Any]) -> int:
    return sum(len(texts.tokens(text)) for text in _texts(body))


def _embed(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    tokens = _embedding_tokens(call.body)
    rows = [_row(text, number, call.body) for number, text in enumerate(_texts(call.body))]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens, **(behaviour.usage or {})}
    call.status = 200
    handler.send_json(200, {"object": "list", "data": rows, "model": call.body["model"], "usage": usage}, call)
    handler.server.vendor.charge(call, prompt=tokens, cached=0, cache_write=0, completion=0, reported=True)


def _row(text: str, number: int, body: dict[str, Any]) -> dict[str, Any]:
    drawn = random.Random(text)  # noqa: S311 - the same text has the same vector
    vector = [drawn.gauss(0, 0.03) for _ in range(body.get("dimensions", DIMENSIONS))]
    shown: Any = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if body.get("encoding_format") == "base64" else vector
    return {"object": "embedding", "index": number, "embedding": shown}


MODERATIONS = replace(COMPLETIONS, problem=_moderation_problem, prompt_tokens=None, write=_moderate)
EMBEDDINGS = replace(COMPLETIONS, problem=_embedding_problem, prompt_tokens=_embedding_tokens, write=_embed)
