"""`/v1/messages/batches` in Anthropic's shape, API version 2026-10-21."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ai.simulators import batches
from ai.simulators.anthropic.faults import REFUSALS, error
from ai.simulators.anthropic.messages import MESSAGES, problem, writer_of
from ai.simulators.batches import GARBAGE_LINE, Batch, Item
from ai.simulators.protocol import Protocol
from ai.simulators.vendor import Behaviour, Call

if TYPE_CHECKING:
    from ai.simulators.server import Handler

CREATED, EXPIRES = "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"
VERSION = {"anthropic-version": "2026-10-21"}
CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
FILTERED = error("Output blocked by content filtering policy")


def _create_problem(body: dict[str, Any], headers: Mapping[str, str]) -> str | None:
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        return "requests: Field required"
    names = [request.get("custom_id") for request in requests if isinstance(request, dict)]
    if len(names) < len(requests) or not all(isinstance(name, str) and CUSTOM_ID.fullmatch(name) for name in names):
        return "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"
    return "requests: custom_id must be unique" if len(set(names)) < len(names) else None


def _create(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    vendor = handler.server.vendor
    items = [Item(request["custom_id"], request["params"], vendor.next_behaviour()) for request in call.body["requests"]]
    batch = Batch(f"msgbatch_{call.number:08d}", items, behaviour, {})
    vendor.batches[batch.id] = batch
    handler.send_json(200, _shown(handler, batch), call)


def _show(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    batch = _find(handler, call)
    if batch is not None:
        batch.look(lambda item: _line(handler, item))
        handler.send_json(200, _shown(handler, batch), call)


def _cancel(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    batch = _find(handler, call)
    if batch is not None:
        batch.cancelled = batch.cancelled or batch.looks < 2
        handler.send_json(200, _shown(handler, batch), call)


def _results(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    batch = _find(handler, call)
    if batch is None:
        return
    if batch.looks < 2:
        handler.send_json(400, error("The batch has not ended."), call)
        return
    rest = [_spelled(item, {"type": "canceled" if batch.cancelled else "expired"}) for item in batch.unworked]
    content = b"".join(line + b"\n" for line in [*batch.lines, *rest])
    handler.send_bytes(call, 200, content, {"Content-Type": "application/x-jsonl"})


def _find(handler: "Handler", call: Call) -> Batch | None:
    name = call.path.split("/")[4]
    batch = handler.server.vendor.batches.get(name)
    if batch is None:
        handler.send_json(404, error("Batch not found", kind="not_found_error"), call)
    return batch


def _line(handler: "Handler", item: Item) -> bytes | None:
    """Return the line of a request that was worked off."""
    refusal = REFUSALS.get(item.behaviour.kind)
    objection = problem(item.body, VERSION)
    if objection or refusal:
        body = refusal[1] if refusal else error(str(objection))
        return _spelled(item, {"type": "errored", "error": body})
    if item.behaviour.kind == "content_filter_output":
        return _spelled(item, {"type": "errored", "error": FILTERED})
    _call, whole = batches.answer(handler, item, path="/v1/messages", identity_header=MESSAGES.identity_header, writer_of=writer_of)
    if item.behaviour.kind == "garbage_line":
        return GARBAGE_LINE
    return None if whole is None else _spelled(item, {"type": "succeeded", "message": whole})


def _spelled(item: Item, result: dict[str, Any]) -> bytes:
    return json.dumps({"custom_id": item.custom_id, "result": result}).encode()


def _shown(handler: "Handler", batch: Batch) -> dict[str, Any]:
    ended = batch.looks > 1
    good = sum(b'"succeeded"' in line or line == GARBAGE_LINE for line in batch.lines)
    rest = len(batch.unworked)
    counts = {
        "processing": 0 if ended else len(batch.items),
        "succeeded": good if ended else 0,
        "errored": len(batch.lines) - good if ended else 0,
        "canceled": rest if ended and batch.cancelled else 0,
        "expired": rest if ended and not batch.cancelled else 0,
    }
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if ended else "canceling" if batch.cancelled else "in_progress",
        "request_counts": counts,
        "created_at": CREATED,
        "expires_at": EXPIRES,
        "ended_at": CREATED if ended else None,
        "cancel_initiated_at": CREATED if batch.cancelled else None,
        "archived_at": None,
        "results_url": f"{handler.server.url}/v1/messages/batches/{batch.id}/results" if ended else None,
    }


def _no_problem(body: dict[str, Any], headers: Mapping[str, str]) -> str | None:
    return None if headers.get("anthropic-version") == VERSION["anthropic-version"] else "anthropic-version: header is required"


_FREE = replace(MESSAGES, problem=_no_problem, prompt_tokens=None)
_BASE = "/v1/messages/batches"
# Method, path, and who answers.
ROUTES: tuple[tuple[str, re.Pattern[str], Protocol], ...] = (
    ("POST", re.compile(_BASE), replace(_FREE, problem=_create_problem, write=_create)),
    ("GET", re.compile(rf"{_BASE}/[^/]+"), replace(_FREE, write=_show)),
    ("GET", re.compile(rf"{_BASE}/[^/]+/results"), replace(_FREE, write=_results)),
    ("POST", re.compile(rf"{_BASE}/[^/]+/cancel"), replace(_FREE, write=_cancel)),
)
