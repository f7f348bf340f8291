"""Events out: rows that other parts of the product, and later webhooks, are told from."""

from typing import Any
from uuid import UUID

from huntaze.models import Event


def emit(type: str, *, workspace_id: UUID | None, subject_id: UUID, data: dict[str, Any] | None = None) -> Event:
    """Write one event in the caller's transaction, so that it exists exactly if its cause does.

    `type` is `noun.verb` in the past tense, such as `generation.succeeded`; `data` is JSON without secrets.
    """
    return Event.objects.create(type=type, workspace_id=workspace_id, subject_id=subject_id, data=data or {})
