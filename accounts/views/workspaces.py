"""Workspaces, their members and invitations. The workspace in the address is the one that the call acts in."""

from typing import Any, cast
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import permissions, queries, services
from accounts.authentication import Principal
from accounts.models import Invitation, MemberRole, Membership, Workspace
from accounts.serializers.workspaces import (
    WORKSPACE_FIELDS,
    AcceptSerializer,
    InvitationSerializer,
    InviteSerializer,
    MemberSerializer,
    MemberUpdateSerializer,
    WorkspaceCreateSerializer,
    WorkspaceSerializer,
    WorkspaceUpdateSerializer,
)
from accounts.services.invitations import hash_token
from huntaze.api import throttling
from huntaze.api.errors import NotFound
from huntaze.api.serializers import read, show
from huntaze.api.throttling import Quota
from huntaze.api.views import ApiView, WorkspaceViewSet

INVITATIONS_A_DAY = 50


class WorkspacesViewSet(ListModelMixin, WorkspaceViewSet):
    """The person's own list; what a role allows inside a workspace is asked elsewhere."""

    resource = "account"
    queryset = Workspace.objects.all()
    serializer_class = WorkspaceSerializer

    def get_queryset(self) -> Any:
        """Return the workspaces that the caller belongs to."""
        return queries.workspaces_of(cast("Principal", self.caller)).values(*WORKSPACE_FIELDS)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the workspaces that you belong to; for a key, its own."""
        return self.get_paginated_response(self.paginate_queryset(self.filter_queryset(self.get_queryset())))

    @extend_schema(request=WorkspaceCreateSerializer, responses={201: WorkspaceSerializer})
    def create(self, request: Request) -> Response:
        """Make a further workspace, which you own."""
        workspace = services.create_workspace(user_id=self.caller.id, **read(WorkspaceCreateSerializer, request.data))
        location = reverse("workspace", kwargs={"workspace_id": workspace.id})
        return Response(self.get_queryset().get(id=workspace.id), status=201, headers={"Location": location})


class WorkspaceView(ApiView):
    resource = "workspaces"

    @extend_schema(operation_id="workspaces_retrieve", responses={200: WorkspaceSerializer})
    def get(self, request: Request, workspace_id: UUID) -> Response:
        """Read a workspace that you belong to."""
        return self._answer_row(workspace_id)

    @extend_schema(operation_id="workspaces_partial_update", request=WorkspaceUpdateSerializer, responses={200: WorkspaceSerializer})
    def patch(self, request: Request, workspace_id: UUID) -> Response:
        """Change a workspace's name, or what it sells and is about."""
        services.update_workspace(workspace_id=workspace_id, **read(WorkspaceUpdateSerializer, request.data))
        return self._answer_row(workspace_id)

    def _answer_row(self, workspace_id: UUID) -> Response:
        return Response(queries.workspaces_of(cast("Principal", self.caller)).values(*WORKSPACE_FIELDS).get(id=workspace_id))


@extend_schema_view(list=extend_schema(summary="List the members of a workspace"))
class MembersViewSet(ListModelMixin, WorkspaceViewSet):
    """Who belongs to the workspace; a member's id is the person's."""

    resource = "members"
    queryset = Membership.objects.filter(user__deleted_at=None).select_related("user")
    serializer_class = MemberSerializer
    lookup_url_kwarg = "user_id"

    @property
    def scope(self) -> str:
        """Return the scope that this call needs: to leave is one's own affair."""
        leaves = self.request.method == "DELETE" and self.kwargs.get("user_id") == self.caller.id
        return "account:write" if leaves else super().scope

    @extend_schema(request=MemberUpdateSerializer, responses={200: MemberSerializer})
    def partial_update(self, request: Request, workspace_id: UUID, user_id: UUID) -> Response:
        """Give a member another role, which counts from their next call on.

        `owner` hands the workspace on: 403 for anybody but its owner, or without a recent sign-in. 409 `owner_stays` for another
        role of the owner's.
        """
        caller = cast("Principal", self.caller)
        role = read(MemberUpdateSerializer, request.data)["role"]
        if role == MemberRole.OWNER:
            permissions.require_scope(caller, "ownership:write")
            permissions.require_recent_sign_in(caller)
            services.hand_over(workspace_id=workspace_id, owner_id=caller.id, user_id=user_id)
        else:
            services.change_role(workspace_id=workspace_id, user_id=user_id, role=role)
        member = self.get_queryset().filter(user_id=user_id).first()
        if member is None:
            raise NotFound
        return Response(show(MemberSerializer, member))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, workspace_id: UUID, user_id: UUID) -> Response:
        """Remove a member, or leave: their access and their keys of this workspace end at once. 409 `owner_stays` for the owner."""
        services.remove_member(workspace_id=workspace_id, user_id=user_id)
        return Response(status=204)


@extend_schema_view(list=extend_schema(summary="List the open invitations"))
class InvitationsViewSet(ListModelMixin, WorkspaceViewSet):
    """Places that are kept for people who were asked in."""

    resource = "members"
    queryset = Invitation.objects.open()
    serializer_class = InvitationSerializer

    @extend_schema(request=InviteSerializer, responses={201: InvitationSerializer})
    def create(self, request: Request, workspace_id: UUID) -> Response:
        """Ask somebody in by e-mail, for seven days. The invitation takes a seat of the plan until it is accepted, revoked or over."""
        quota = Quota("invitations", f"rate:invitations:{workspace_id}", INVITATIONS_A_DAY, 86_400)
        throttling.count([quota], guarded=True)  # each is an e-mail to somebody who did not ask for it
        invitation = services.invite(workspace_id=workspace_id, invited_by_id=self.caller.id, **read(InviteSerializer, request.data))
        return Response(show(InvitationSerializer, invitation), status=201)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, workspace_id: UUID, pk: UUID) -> Response:
        """Take an invitation back."""
        services.revoke_invitation(workspace_id=workspace_id, invitation_id=pk)
        return Response(status=204)


class AcceptInvitation(ApiView):
    resource = "account"
    rate_class = "auth"

    @extend_schema(operation_id="invitations_accept", request=AcceptSerializer, responses={200: WorkspaceSerializer})
    def post(self, request: Request) -> Response:
        """Accept an invitation by the token that was mailed to your address.

        404 `invitation_not_found` for a token that is unknown, used, expired or of another address.
        """
        caller = cast("Principal", self.caller)
        token = read(AcceptSerializer, request.data)["token"]
        joined = services.accept_invitation(token_hash=hash_token(token), user_id=caller.id, email=caller.email)
        return Response(queries.workspaces_of(caller).values(*WORKSPACE_FIELDS).get(id=joined.workspace_id))
