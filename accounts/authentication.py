"""Who calls: the access token of a live session or an API key, and the workspace that the call acts in."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import keys, queries, tokens
from accounts.queries import Principal
from huntaze import context
from huntaze.api.errors import Problem
from huntaze.models import ActorKind

__all__ = ["BearerAuthentication", "Principal", "WorkspaceNotFound"]


class WorkspaceNotFound(Problem):
    status = 404
    code = "workspace_not_found"
    title = _("You have no such workspace.")


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer` with an access token or an API key.

    The workspace is the one in the address, or else in `Huntaze-Workspace`, or else the key's, or the person's default one.
    """

    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        """Return the caller, or None without an Authorization header; makes one query, for what has the form of ours only.

        Raises AuthenticationFailed, the same for every fault, and WorkspaceNotFound for a workspace that is absent or
        another's.
        """
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, __, secret = header.partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationFailed
        find = _by_key if secret.startswith(keys.PREFIX) else _by_access_token
        try:
            principal = find(secret, request)
        except queries.NotMember:
            raise WorkspaceNotFound from None
        if principal is None:
            raise AuthenticationFailed
        now = context.current()
        now.actor_id, now.workspace_id, now.credential_id = principal.id, principal.workspace_id, principal.key_id or principal.session_id
        if principal.key_id is not None:
            now.actor_kind = ActorKind.KEY
        return principal, None

    def authenticate_header(self, request: Request) -> str:
        """Return what `WWW-Authenticate` says."""
        return "Bearer"


def _by_access_token(token: str, request: Request) -> Principal | None:
    try:
        session_id = tokens.read_access_token(token)
    except tokens.InvalidToken:
        return None
    return queries.find_principal(session_id=session_id, workspace_id=_chosen_workspace(request))


def _by_key(key: str, request: Request) -> Principal | None:
    if not keys.is_key(key):
        return None
    return queries.find_key_holder(key_hash=keys.hash_key(key), workspace_id=_chosen_workspace(request))


def _chosen_workspace(request: Request) -> UUID | None:
    """Return the workspace that the address or the header names; raises NotMember when they name two."""
    in_address: UUID | None = request.parser_context.get("kwargs", {}).get("workspace_id")
    text = request.META.get("HTTP_HUNTAZE_WORKSPACE")
    if text is None:
        return in_address
    try:
        in_header = UUID(text)
    except ValueError:
        raise queries.NotMember from None
    if in_address not in (None, in_header):
        raise queries.NotMember
    return in_header
