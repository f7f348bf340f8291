"""Rows of the ai app for tests."""

from typing import Any

from accounts.models import Workspace
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
