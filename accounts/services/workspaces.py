"""Workspaces, and who belongs to them.

Whatever changes who belongs to a workspace locks its row first, so that no two such changes cross.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import ApiKey, MemberRole, Membership, PlanSource, User, Workspace
from accounts.services.keys import revoke_keys
from accounts.signals import workspace_created
from huntaze import audit, context, events
from huntaze.api.errors import Forbidden, NotFound, Problem

MAXIMUM_ON_DEFAULT_PLAN = 5


class TooManyWorkspaces(Problem):
    status = 409
    code = "too_many_workspaces"
    title = _("You own as many workspaces without a plan of their own as one person may.")


class OwnerStays(Problem):
    status = 409
    code = "owner_stays"
    title = _("The owner's place changes only by handing the workspace on.")


def create_workspace(*, user_id: UUID, name: str, **fields: Any) -> Workspace:
    """Make one more workspace that a person owns, on the default plan.

    Runs in one transaction: audits, emits `workspace.created` and sends `workspace_created`. Raises TooManyWorkspaces when
    they own `MAXIMUM_ON_DEFAULT_PLAN` that nothing lifted above the default plan.
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(id=user_id)  # two calls at once must not both count one too few
        owned = Membership.objects.filter(user_id=user_id, role=MemberRole.OWNER, workspace__plan_source=PlanSource.DEFAULT)
        if owned.count() >= MAXIMUM_ON_DEFAULT_PLAN:
            raise TooManyWorkspaces
        return _create_workspace(user_id=user_id, name=name, **fields)


def update_workspace(*, workspace_id: UUID, **changes: Any) -> None:
    """Write the changed fields; audits and emits `workspace.updated`. Does nothing where none differs."""
    with transaction.atomic():
        workspace = lock_workspace(workspace_id)
        differing = {name: [getattr(workspace, name), value] for name, value in changes.items() if getattr(workspace, name) != value}
        if not differing:
            return
        Workspace.objects.filter(id=workspace_id).update(**changes)
        audit.record("workspace.update", workspace_id=workspace_id, subject_id=workspace_id, changes=differing)
        events.emit("workspace.updated", workspace_id=workspace_id, subject_id=workspace_id, data={"fields": sorted(differing)})


def change_role(*, workspace_id: UUID, user_id: UUID, role: str) -> None:
    """Give a member another role than the owner's, which counts from their next call on; audits and emits `member.changed`.

    The person is told, unless they did it. Raises NotFound when they are no member, and OwnerStays when they are the owner.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        membership = _member(workspace_id, user_id)
        if membership.role == MemberRole.OWNER:
            raise OwnerStays
        if membership.role != role:
            _write_role(membership, role)
            _tell(membership, "role_changed", role=MemberRole(role).label)


def hand_over(*, workspace_id: UUID, owner_id: UUID, user_id: UUID) -> None:
    """Make another member the owner, and the owner a manager; audits and emits `member.changed` for both.

    Both are told. Raises Forbidden when `owner_id` is not the owner any more, and NotFound when the other is no member, or suspended.
    """
    with transaction.atomic():
        workspace = lock_workspace(workspace_id)
        owner = Membership.objects.select_related("user").get(workspace_id=workspace_id, role=MemberRole.OWNER)
        if owner.user_id != owner_id:
            raise Forbidden
        heir = _member(workspace_id, user_id, user__is_active=True)
        if heir.user_id != owner_id:
            _write_role(owner, MemberRole.MANAGER)
            _write_role(heir, MemberRole.OWNER)
            for membership in (owner, heir):
                said = {"workspace": workspace.name, "owner": heir.user.name, "received": membership == heir}
                notices.tell(user=membership.user, kind="ownership_changed", context=said)


def remove_member(*, workspace_id: UUID, user_id: UUID) -> None:
    """End a membership, and with it the person's API keys there; audits and emits `member.removed`.

    Somebody whose default workspace it was gets another of theirs as default, or a new one. Who did not leave by themselves is told.
    Raises NotFound when they are no
    member, and OwnerStays when they are the owner.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        membership = _member(workspace_id, user_id)
        if membership.role == MemberRole.OWNER:
            raise OwnerStays
        revoke_keys(ApiKey.objects.filter(workspace_id=workspace_id, user_id=user_id))
        membership.delete()
        _leave_default(workspace_id, user_id)
        changes = {"role": [membership.role, None]}
        audit.record("member.remove", workspace_id=workspace_id, subject_id=user_id, changes=changes)
        events.emit("member.removed", workspace_id=workspace_id, subject_id=user_id, data={"role": membership.role})
        _tell(membership, "member_removed")


def lock_workspace(workspace_id: UUID) -> Workspace:
    """Return the workspace, locked until the caller's transaction ends."""
    return Workspace.objects.select_for_update(no_key=True).get(id=workspace_id)


def _create_workspace(*, user_id: UUID, name: str, **fields: Any) -> Workspace:
    workspace = Workspace.objects.create(name=name, **fields)
    Membership.objects.create(workspace=workspace, user_id=user_id, role=MemberRole.OWNER)
    audit.record("workspace.create", workspace_id=workspace.id, subject_id=workspace.id, changes={"name": [None, name]})
    events.emit("workspace.created", workspace_id=workspace.id, subject_id=workspace.id)
    workspace_created.send(Workspace, workspace=workspace)
    workspace.refresh_from_db()  # billing wrote its plan
    return workspace


def _member(workspace_id: UUID, user_id: UUID, **conditions: Any) -> Membership:
    members = Membership.objects.select_related("user", "workspace")
    membership: Membership | None = members.filter(workspace_id=workspace_id, user_id=user_id, **conditions).first()
    if membership is None:
        raise NotFound
    return membership


def _write_role(membership: Membership, role: str) -> None:
    changes = {"role": [membership.role, role]}
    Membership.objects.filter(id=membership.id).update(role=role)
    audit.record("member.change", workspace_id=membership.workspace_id, subject_id=membership.user_id, changes=changes)
    data = {"role": role}
    events.emit("member.changed", workspace_id=membership.workspace_id, subject_id=membership.user_id, data=data)


def _tell(membership: Membership, kind: str, **said: Any) -> None:
    """Tell a live account what somebody else did to its place in a workspace."""
    user = membership.user
    if user.deleted_at is None and context.current().actor_id != user.id:
        notices.tell(user=user, kind=kind, context={"workspace": membership.workspace.name, **said})


def _leave_default(workspace_id: UUID, user_id: UUID) -> None:
    """Point the default of somebody who has left elsewhere: nobody is without a workspace."""
    user = User.everyone.select_for_update(no_key=True).get(id=user_id)
    if user.default_workspace_id != workspace_id:
        return
    oldest = Membership.objects.filter(user_id=user_id).order_by("id").values_list("workspace_id", flat=True).first()
    default_id = oldest or _create_workspace(user_id=user_id, name=user.name).id
    User.everyone.filter(id=user_id).update(default_workspace_id=default_id)
