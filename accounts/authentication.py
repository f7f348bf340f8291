"""Who calls: the access token of a live session, and the workspace that the call acts in."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import queries, tokens
from accounts.queries import Principal
from huntaze import context
from huntaze.api.errors import Problem

__all__ = ["AccessTokenAuthentication", "Principal", "WorkspaceNotFound"]


class WorkspaceNotFound(Problem):
    status = 404
    code = "workspace_not_found"
    title = _("You have no such workspace.")


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer` with an access token; `Huntaze-Workspace` chooses the workspace."""

    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        """Return the caller, or None without an Authorization header; makes one query, for a token that is ours only.

        Raises AuthenticationFailed, the same for every fault, and WorkspaceNotFound for a workspace that is absent or
        another's.
        """
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, __, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationFailed
        try:
            session_id = tokens.read_access_token(token)
        except tokens.InvalidToken:
            raise AuthenticationFailed from None
        try:
            principal = queries.find_principal(session_id=session_id, workspace_id=_chosen_workspace(request))
        except queries.NotMember:
            raise WorkspaceNotFound from None
        if principal is None:
            raise AuthenticationFailed
        now = context.current()
        now.actor_id, now.workspace_id, now.credential_id = principal.id, principal.workspace_id, principal.session_id
        return principal, None

    def authenticate_header(self, request: Request) -> str:
        """Return what `WWW-Authenticate` says."""
        return "Bearer"


def _chosen_workspace(request: Request) -> UUID | None:
    text = request.META.get("HTTP_HUNTAZE_WORKSPACE")
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise WorkspaceNotFound from None
