"""`/files` and `/batches` in OpenAI's and Azure's shape."""

import json
import re
from collections import Counter
from dataclasses import replace
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any

from ai.simulators import batches
from ai.simulators.batches import GARBAGE_LINE, Batch, Item
from ai.simulators.openai.completions import COMPLETIONS, problem, writer_of
from ai.simulators.openai.faults import REFUSALS, error
from ai.simulators.protocol import Protocol
from ai.simulators.vendor import Behaviour, Call

if TYPE_CHECKING:
    from ai.simulators.server import Handler

CREATED = 1_763_000_000
WORDS = {"waiting": "validating", "working": "in_progress"}
ENDPOINTS = ("/v1/chat/completions", "/chat/completions")
UNANSWERED = {"batch_expired": "This request could not be executed before the completion window expired."}


def form(content_type: str, raw: bytes) -> dict[str, Any]:
    """Return the fields of a multipart form as texts."""
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + raw)
    parts = [(part.get_param("name", header="content-disposition"), part) for part in message.get_payload() if not isinstance(part, str)]
    return {str(name): bytes(part.get_payload(decode=True)).decode() for name, part in parts}


def _upload(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    content = call.body["file"].encode()
    name = f"file-{call.number:08d}"
    handler.server.vendor.files[name] = content
    handler.send_json(
        200,
        {
            "id": name,
            "object": "file",
            "bytes": len(content),
            "created_at": CREATED,
            "filename": "batch.jsonl",
            "purpose": call.body["purpose"],
            "status": "processed",
        },
        call,
    )


def _upload_problem(body: dict[str, Any], headers: Any) -> str | None:
    if not body.get("file"):
        return "'file' is a required property"
    return None if body.get("purpose") == "batch" else "Invalid value for 'purpose'."


def _create_problem(body: dict[str, Any], headers: Any) -> str | None:
    if body.get("completion_window") != "24h":
        return "Invalid value: 'completion_window'. Supported values are: '24h'."
    if body.get("endpoint") not in ENDPOINTS:
        return "Invalid value: 'endpoint'."
    return None if isinstance(body.get("input_file_id"), str) else "Missing required parameter: 'input_file_id'."


def _create(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    vendor = handler.server.vendor
    content = vendor.files.get(call.body["input_file_id"])
    if content is None:
        handler.send_json(400, error("No such File object", code="invalid_request"), call)
        return
    lines = [json.loads(line) for line in content.splitlines()]
    items = [Item(line["custom_id"], line["body"], vendor.next_behaviour()) for line in lines]
    objection = "mismatched_model" if behaviour.kind == "batch_fails" else _objection(lines, call.body["endpoint"])
    batch = Batch(f"batch_{call.number:08d}", items, behaviour, call.body, objection)
    vendor.batches[batch.id] = batch
    handler.send_json(200, _shown(batch), call)


def _objection(lines: list[dict[str, Any]], endpoint: str) -> str:
    """Return the code with which the vendor takes none of a file."""
    if any(line.get("method") != "POST" or line.get("url") != endpoint for line in lines):
        return "mismatched_endpoint"
    if max(Counter(line["custom_id"] for line in lines).values()) > 1:
        return "duplicate_custom_id"
    return "mismatched_model" if len({line["body"].get("model") for line in lines}) > 1 else ""


def _show(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    batch = _find(handler, call)
    if batch is not None:
        batch.look(lambda item: _line(handler, item))
        _store(handler, batch)
        handler.send_json(200, _shown(batch), call)


def _cancel(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    batch = _find(handler, call)
    if batch is not None and batch.looks > 1:
        handler.send_json(409, error(f"Cannot cancel a batch with status '{batch.state}'."), call)
    elif batch is not None:
        batch.cancelled = True
        handler.send_json(200, _shown(batch) | {"status": "cancelling"}, call)


def _content(handler: "Handler", call: Call, behaviour: Behaviour) -> None:
    content = handler.server.vendor.files.get(call.path.split("/")[-2])
    if content is None:
        handler.send_json(404, error("No such File object"), call)
    else:
        handler.send_bytes(call, 200, content, {"Content-Type": "application/octet-stream"})


def _find(handler: "Handler", call: Call) -> Batch | None:
    name = call.path.removesuffix("/cancel").rsplit("/", 1)[-1]
    batch = handler.server.vendor.batches.get(name)
    if batch is None:
        handler.send_json(404, error(f"No batch found with id '{name}'."), call)
    return batch


def _line(handler: "Handler", item: Item) -> bytes | None:
    """Return the line of a request that was worked off."""
    refusal = REFUSALS.get(item.behaviour.kind)
    objection = problem(item.body, {})
    if objection or refusal:
        status, body = refusal or (400, error(str(objection)))
        return _spelled(item, {"status_code": status, "request_id": "req_batch", "body": body}, None)
    call, whole = batches.answer(
        handler, item, path="/v1/chat/completions", identity_header=COMPLETIONS.identity_header, writer_of=writer_of
    )
    if item.behaviour.kind == "garbage_line":
        return GARBAGE_LINE
    answered = {"status_code": 200, "request_id": f"req_{call.number:08d}", "body": whole}
    return None if whole is None else _spelled(item, answered, None)


def _spelled(item: Item, response: dict[str, Any] | None, fault: dict[str, Any] | None) -> bytes:
    return json.dumps({"id": f"batch_req_{item.custom_id}", "custom_id": item.custom_id, "response": response, "error": fault}).encode()


def _store(handler: "Handler", batch: Batch) -> None:
    """Put the lines of a batch that has ended into two files: what was answered with 200, and the rest."""
    if batch.looks < 2 or batch.objection:
        return
    good = [line for line in batch.lines if b'"status_code": 200' in line or line == GARBAGE_LINE]
    bad = [line for line in batch.lines if line not in good]
    if batch.state == "expired":
        faults = [{"code": code, "message": message} for code, message in UNANSWERED.items()]
        bad += [_spelled(item, None, faults[0]) for item in batch.unworked]
    for name, lines in (("output", good), ("error", bad)):
        if lines:
            handler.server.vendor.files[f"file-{name}-{batch.id}"] = b"\n".join(lines) + b"\n"


def _shown(batch: Batch) -> dict[str, Any]:
    ended = batch.looks > 1 and not batch.objection
    good = [line for line in batch.lines if b'"status_code": 200' in line or line == GARBAGE_LINE]
    has_errors = len(good) < len(batch.lines) or batch.state == "expired"
    problems = [{"code": batch.objection, "message": "The file cannot be taken.", "line": 1, "param": None}]
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.asked["endpoint"],
        "errors": {"object": "list", "data": problems} if batch.objection else None,
        "input_file_id": batch.asked["input_file_id"],
        "completion_window": "24h",
        "status": WORDS.get(batch.state, batch.state),
        "output_file_id": f"file-output-{batch.id}" if ended and good else None,
        "error_file_id": f"file-error-{batch.id}" if ended and has_errors else None,
        "created_at": CREATED,
        "request_counts": {"total": len(batch.items), "completed": len(good), "failed": len(batch.lines) - len(good)},
    }


_FREE = replace(COMPLETIONS, problem=lambda _body, _headers: None, prompt_tokens=None)
_BASE = r"(?:/v1|/openai/v1|/openai)"
# Method, path, and who answers.
ROUTES: tuple[tuple[str, re.Pattern[str], Protocol], ...] = (
    ("POST", re.compile(rf"{_BASE}/files"), replace(_FREE, problem=_upload_problem, write=_upload)),
    ("GET", re.compile(rf"{_BASE}/files/[^/]+/content"), replace(_FREE, write=_content)),
    ("POST", re.compile(rf"{_BASE}/batches"), replace(_FREE, problem=_create_problem, write=_create)),
    ("GET", re.compile(rf"{_BASE}/batches/[^/]+"), replace(_FREE, write=_show)),
    ("POST", re.compile(rf"{_BASE}/batches/[^/]+/cancel"), replace(_FREE, write=_cancel)),
)
