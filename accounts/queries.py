"""Reads that span tables, among them the one that every authenticated request makes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.db import connection, models
from django.db.models import F, FilteredRelation, Q

from accounts.models import Invitation, Membership, Workspace

# The driver prepares them on first use of a connection. In the first, an unknown workspace leaves its columns empty, so that the
# caller can tell a session that has ended from a workspace that is not the person's. What both select stands in the order of
# Principal's fields.
_COLUMNS = "w.id, w.name, m.role, w.plan, w.limits, (w.limits #>> '{api_requests_per_day,value}')::integer"
_BY_SESSION = f"""
SELECT u.id, u.email, u.name, u.role, u.avatar, u.created_at, s.id, s.authenticated_at, d.plan, {_COLUMNS}
FROM accounts_session s
JOIN accounts_user u ON u.id = s.user_id AND u.is_active
JOIN accounts_workspace d ON d.id = u.default_workspace_id
LEFT JOIN accounts_membership m ON m.user_id = u.id AND m.workspace_id = COALESCE(%s::uuid, u.default_workspace_id)
LEFT JOIN accounts_workspace w ON w.id = m.workspace_id
WHERE s.id = %s AND s.revoked_at IS NULL
"""  # noqa: S608  (no value is part of it)
_BY_KEY = f"""
SELECT u.id, u.email, u.name, u.role, u.avatar, u.created_at, k.id, NULL, d.plan, {_COLUMNS}, k.id, k.scopes, k.connection_ids,
       k.last_used_at IS NULL OR k.last_used_at <= statement_timestamp() - interval '1 minute'
FROM accounts_apikey k
JOIN accounts_user u ON u.id = k.user_id AND u.is_active
JOIN accounts_workspace d ON d.id = u.default_workspace_id
JOIN accounts_membership m ON m.user_id = u.id AND m.workspace_id = k.workspace_id
JOIN accounts_workspace w ON w.id = m.workspace_id
WHERE (k.key_hash = %s OR k.previous_hash = %s AND k.previous_until > statement_timestamp())
  AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())
"""  # noqa: S608  (no value is part of it)
# At most once a minute, and never waiting for somebody who changes the key.
_NOTE_USE = """
UPDATE accounts_apikey SET last_used_at = statement_timestamp()
WHERE id = (SELECT id FROM accounts_apikey
            WHERE id = %s AND (last_used_at IS NULL OR last_used_at <= statement_timestamp() - interval '1 minute')
            FOR NO KEY UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, and the workspace they act in: what a request's `user` is. Made without a model instance.

    A person comes by a session and proved who they are at `authenticated_at`. A key comes in its maker's name, with its own scopes
    and, where `connection_ids` is not None, for these connections only; its id then stands for the session's too.
    """

    id: UUID
    email: str
    name: str
    role: str
    avatar: str
    created_at: datetime
    session_id: UUID
    authenticated_at: datetime | None
    subscription: str
    workspace_id: UUID
    workspace_name: str
    workspace_role: str
    plan: str
    limits: dict[str, Any]
    daily_requests: int | None
    key_id: UUID | None = None
    key_scopes: frozenset[str] | None = None
    connection_ids: frozenset[UUID] | None = None

    is_authenticated: ClassVar[bool] = True

    def profile(self) -> dict[str, Any]:
        """Return what the person is told about themselves; `serializers.ProfileSerializer` describes it."""
        return {
            "id": self.id,
            "email": self.email,
            "name": self.name,
            "avatar": self.avatar,
            "role": self.role,
            "subscription": self.subscription,
            "workspace": {"id": self.workspace_id, "name": self.workspace_name, "role": self.workspace_role, "plan": self.plan},
            "created_at": self.created_at,
        }


_FIELDS = [field.name for field in fields(Principal)]
_WORKSPACE, _LIMITS = _FIELDS.index("workspace_id"), _FIELDS.index("limits")


class NotMember(Exception):
    """The session is good, but the workspace is not one of the person's."""


def find_principal(*, session_id: UUID, workspace_id: UUID | None) -> Principal | None:
    """Return who the session belongs to, acting in this workspace (their default one without it).

    Makes one query. Returns None when the session has ended or its person is deleted; raises NotMember.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BY_SESSION, (workspace_id, session_id))
        row = cursor.fetchone()
    if row is None:
        return None
    if row[_WORKSPACE] is None:
        raise NotMember
    return _principal(row)


def find_key_holder(*, key_hash: bytes, workspace_id: UUID | None) -> Principal | None:
    """Return in whose name the key with this hash comes, acting in the key's workspace, which is the only one it may name.

    Makes one query, and once a minute a second that notes the use. Returns None for a key that is unknown, revoked or expired, or
    whose maker is deleted, suspended or no member any more; raises NotMember.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BY_KEY, (key_hash, key_hash))
        row = cursor.fetchone()
        if row is None:
            return None
        *columns, key_id, scopes, connection_ids, unnoted = row
        if workspace_id not in (None, columns[_WORKSPACE]):
            raise NotMember
        if unnoted:
            cursor.execute(_NOTE_USE, (key_id,))
    return _principal(columns, key_id, frozenset(scopes), None if connection_ids is None else frozenset(connection_ids))


def workspaces_of(principal: Principal) -> "models.QuerySet[Workspace]":
    """Return the workspaces that somebody belongs to, each with their `role` there; for a key, the key's alone."""
    memberships = FilteredRelation("memberships", condition=Q(memberships__user=principal.id))
    mine = Workspace.objects.annotate(mine=memberships).filter(mine__isnull=False).annotate(role=F("mine__role"))
    return mine if principal.key_id is None else mine.filter(id=principal.workspace_id)


def seats_taken(workspace_id: UUID) -> int:
    """Return how many seats of the plan a workspace uses: its members, and the open invitations."""
    members = Membership.objects.in_workspace(workspace_id).filter(user__deleted_at=None)
    return members.count() + Invitation.objects.in_workspace(workspace_id).open().count()


def _principal(row: Sequence[Any], *of_key: Any) -> Principal:
    columns = list(row)
    columns[_LIMITS] = orjson.loads(columns[_LIMITS])  # Django leaves JSON of raw SQL as text
    return Principal(*columns, *of_key)
