"""Writing entries, and erasing what they say of people."""

import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Q

from huntaze import context
from huntaze.audit.logs import AUDIT
from huntaze.models import AuditEntry, AuditPayload

SALT_BYTES = 16
MAXIMUM_USER_AGENT_LENGTH = 400
LONGEST_TEXT = 500
_GIVEN = AUDIT.linked[:-1]  # all but the payload's digest, which the database makes
# One statement, since it is part of every write. The foreign key is checked at commit, when both rows are there.
_RECORD = f"""
WITH payload AS (
  INSERT INTO huntaze_auditpayload AS p (entry_id, salt, address, user_agent, changes)
  VALUES (%s, %s, %s::inet, %s, %s::jsonb)
  RETURNING {AUDIT.payload_digest} AS digest
)
INSERT INTO huntaze_auditentry ({", ".join(AUDIT.linked)})
VALUES ({"%s, " * len(_GIVEN)}(SELECT digest FROM payload))
"""  # noqa: S608  (no value is part of it)


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
    value and never holds a secret; of long texts the beginning is kept. Makes one query; the entry is sealed within seconds of the commit.
    """
    now = context.current()
    entry = AuditEntry(
        workspace_id=workspace_id or now.workspace_id,
        actor_kind=now.actor_kind,
        actor_id=actor_id or now.actor_id,
        credential_id=now.credential_id,
        impersonated_by=now.impersonated_by,
        via=now.via,
        action=action,
        subject_id=subject_id,
        request_id=now.request_id,
    )
    entry.created_at = _moment(entry.id)
    user_agent = now.user_agent.replace("\0", "")[:MAXIMUM_USER_AGENT_LENGTH]
    payload = (
        entry.id,
        secrets.token_bytes(SALT_BYTES),
        now.address or None,
        user_agent,
        orjson.dumps(_short(changes or {}), default=str).decode(),
    )
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, (*payload, *(getattr(entry, name) for name in _GIVEN)))
    return entry


def erase(*, person_id: UUID, subject_ids: Collection[UUID] = ()) -> int:
    """Remove what entries say of a person, who acted, was acted on or was impersonating, and of the rows `subject_ids`.

    The entries stay, with their digests, and the chain verifies as before. Return how many payloads there were.
    """
    about = Q(entry__actor_id=person_id) | Q(entry__impersonated_by=person_id) | Q(entry__subject_id__in=[person_id, *subject_ids])
    erased, __ = AuditPayload.objects.filter(about).delete()
    return erased


def first_id_at(moment: datetime) -> UUID:
    """Return the lowest id that an entry of this moment, to the millisecond, can have: entries are found by time through it."""
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return UUID(int=max(milliseconds, 0) << 80)


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _short(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_short(item) for item in value]
    return f"{value[:LONGEST_TEXT]}…" if isinstance(value, str) and len(value) > LONGEST_TEXT else value


def _moment(id: UUID) -> datetime:
    """Return when a UUIDv7 was made, to the millisecond: an entry's time and the order of its id never disagree."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=id.int >> 80)
