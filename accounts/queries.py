"""The one read that every authenticated request makes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.db import connection

# The driver prepares it on first use of a connection. An unknown workspace leaves its columns empty, so that the caller can
# tell a session that has ended from a workspace that is not the person's.
_PRINCIPAL = """
SELECT u.id, u.email, u.name, u.role, u.avatar, u.created_at, s.id, s.authenticated_at, d.plan,
       w.id, w.name, m.role, w.plan, w.limits, (w.limits #>> '{api_requests_per_day,value}')::integer
FROM accounts_session s
JOIN accounts_user u ON u.id = s.user_id AND u.is_active
JOIN accounts_workspace d ON d.id = u.default_workspace_id
LEFT JOIN accounts_membership m ON m.user_id = u.id AND m.workspace_id = COALESCE(%s::uuid, u.default_workspace_id)
LEFT JOIN accounts_workspace w ON w.id = m.workspace_id
WHERE s.id = %s AND s.revoked_at IS NULL
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


class NotMember(Exception):
    """The session is good, but the workspace is not one of the person's."""


def find_principal(*, session_id: UUID, workspace_id: UUID | None) -> Principal | None:
    """Return who the session belongs to, acting in this workspace (their default one without it).

    Makes one query. Returns None when the session has ended or its person is deleted; raises NotMember.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PRINCIPAL, (workspace_id, session_id))
        row = cursor.fetchone()
    if row is None:
        return None
    if row[9] is None:
        raise NotMember
    columns = list(row)
    columns[13] = orjson.loads(columns[13])  # Django leaves JSON of raw SQL as text
    return Principal(*columns)
