"""The audit log: one entry for each change that a person, a key, a command or a task makes."""

from typing import Any
from uuid import UUID

from huntaze import context
from huntaze.models import AuditEntry


def record(
    action: str,
    *,
    workspace_id: UUID | None = None,
    subject_id: UUID | None = None,
    actor_id: UUID | None = None,
    changes: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one entry in the caller's transaction; the actor and workspace default to the present request's.

    `action` is `noun.verb` in the imperative, such as `asset.delete`. `changes` maps a field to its old and new
    value and never holds a secret.
    """
    now = context.current()
    return AuditEntry.objects.create(
        action=action,
        workspace_id=workspace_id or now.workspace_id,
        subject_id=subject_id,
        actor_id=actor_id or now.actor_id,
        address=now.address,
        request_id=now.request_id,
        changes=changes or {},
    )
