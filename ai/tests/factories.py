"""Rows of the ai app for tests."""

import threading
from typing import Any

from django.db import connection

from accounts.models import Workspace
from ai import services
from ai.models import Generation

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


def run(generation: Generation) -> Generation:
    """Write a generation as a worker does, in any thread, and return its row anew."""
    services.run_generation(generation_id=generation.pk)
    generation.refresh_from_db()
    if threading.current_thread() is not threading.main_thread():
        connection.close()
    return generation
