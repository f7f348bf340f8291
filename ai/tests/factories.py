"""Rows of the ai app for tests."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from accounts.models import Workspace
from ai import services
from ai.models import Generation, LedgerEntry
from huntaze.audit import first_id_at

ORDER: dict[str, Any] = {
    "prompt": "Write a post about my new cooking series",
    "platforms": ["instagram"],
    "tone": "friendly",
    "length": "short",
    "language": "en",
    "audience": "",
    "variants": 1,
    "material": "",
}


def make_generation(workspace: Workspace, **fields: Any) -> Generation:
    """Return a stored generation that waits, unless `fields` say otherwise; `input` overrides parts of the order."""
    order = {**ORDER, **fields.pop("input", {})}
    return Generation.objects.create(workspace=workspace, kind=fields.pop("kind", "post"), input=order, **fields)


def settle(workspace: Workspace, *, nanousd: int, days_ago: int = 0, **fields: Any) -> LedgerEntry:
    """Put one settled call of some day into the ledger."""
    values = {"generation_id": uuid4(), "task": "post", "kind": "settle", "usage_source": "reported", **fields}
    at = timezone.now() - timedelta(days=days_ago)
    place = first_id_at(at).int + uuid4().int % 2**64
    entry = LedgerEntry(id=UUID(int=place), workspace_id=workspace.id, amount_nanousd=-nanousd, created_at=at, **values)
    entry.save_base(raw=True, force_insert=True)  # raw, or the row would be of now
    return entry


def run(generation: Generation) -> Generation:
    """Write a generation as a worker does, in any thread, and return its row anew."""
    services.run_generation(generation_id=generation.pk)
    generation.refresh_from_db()
    if threading.current_thread() is not threading.main_thread():
        connection.close()
    return generation
