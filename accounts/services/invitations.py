"""Inviting people into a workspace by e-mail."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.models import Invitation, MemberRole, Membership, User
from accounts.services.workspaces import lock_workspace
from huntaze import audit, events, mail
from huntaze.api.errors import NotFound, Problem

LIFETIME = timedelta(days=7)
KEPT_FOR = timedelta(days=30)  # after its end, as long as the row of the e-mail that brought it
PAGE = "/accounts/invitations/{token}/"


class AlreadyMember(Problem):
    status = 409
    code = "already_member"
    title = _("This person belongs to the workspace already.")


class AlreadyInvited(Problem):
    status = 409
    code = "already_invited"
    title = _("There is an open invitation for this address.")


class InvitationNotFound(Problem):
    status = 404
    code = "invitation_not_found"
    title = _("There is no such invitation for your address, or it has expired.")


def invite(*, workspace_id: UUID, email: str, role: str, invited_by_id: UUID) -> Invitation:
    """Keep a seat for whoever has this address, for `LIFETIME`, and mail them the token that takes it.

    Runs in one transaction; audits and emits `invitation.created`. The answer is the same whether or not the address has an
    account. Raises PlanLimitReached (`seats`), AlreadyMember and AlreadyInvited.
    """
    email, token = email.lower(), secrets.token_urlsafe(32)
    with transaction.atomic():
        workspace = lock_workspace(workspace_id)
        Invitation.objects.in_workspace(workspace_id).filter(email=email, expires_at__lte=Now()).delete()
        if Membership.objects.filter(workspace_id=workspace_id, user__email=email, user__deleted_at=None).exists():
            raise AlreadyMember
        if Invitation.objects.in_workspace(workspace_id).open().filter(email=email).exists():
            raise AlreadyInvited
        limits.require(workspace_id=workspace_id, limit="seats")
        invitation: Invitation = Invitation.objects.create(
            workspace=workspace,
            email=email,
            role=role,
            invited_by_id=invited_by_id,
            token_hash=hash_token(token),
            expires_at=Now() + LIFETIME,
        )
        invitation.refresh_from_db(fields=["expires_at"])
        changes = {"role": [None, role]}
        audit.record("invitation.create", workspace_id=workspace_id, subject_id=invitation.id, changes=changes)
        events.emit("invitation.created", workspace_id=workspace_id, subject_id=invitation.id, data={"role": role})
        _mail(invitation, token, inviter=User.everyone.get(id=invited_by_id))
    return invitation


def revoke_invitation(*, workspace_id: UUID, invitation_id: UUID) -> None:
    """Take an invitation back, which frees its seat; audits and emits `invitation.revoked`. Raises NotFound."""
    with transaction.atomic():
        deleted, _by_model = Invitation.objects.in_workspace(workspace_id).filter(id=invitation_id, accepted_at=None).delete()
        if not deleted:
            raise NotFound
        audit.record("invitation.revoke", workspace_id=workspace_id, subject_id=invitation_id)
        events.emit("invitation.revoked", workspace_id=workspace_id, subject_id=invitation_id)


def find_invitation(*, token_hash: bytes) -> Invitation | None:
    """Return the invitation whose token has this hash, whatever became of it, with its workspace and who invites; makes one query."""
    return Invitation.objects.select_related("workspace", "invited_by").filter(token_hash=token_hash).first()


def accept_invitation(*, token_hash: bytes, user_id: UUID, email: str) -> Membership:
    """Make the person a member, by the hash of the token that was mailed to their address; audits and emits `member.joined`.

    Token and address must both fit: a mail that was passed on lets nobody else in, and an account that only claims the address
    has no token. Raises InvitationNotFound, the same for every fault; AlreadyMember; and PlanLimitReached where the plan
    has become too small for the seats that are taken.
    """
    with transaction.atomic():
        workspace_id = Invitation.objects.filter(token_hash=token_hash).values_list("workspace_id", flat=True).first()
        if workspace_id is None:
            raise InvitationNotFound
        lock_workspace(workspace_id)
        invitation = Invitation.objects.open().filter(token_hash=token_hash, email=email).first()
        if invitation is None:
            raise InvitationNotFound
        if Membership.objects.filter(workspace_id=workspace_id, user_id=user_id).exists():
            raise AlreadyMember
        limits.require(workspace_id=workspace_id, limit="seats", amount=0)  # the invitation holds one
        membership = Membership.objects.create(workspace_id=workspace_id, user_id=user_id, role=invitation.role)
        Invitation.objects.filter(id=invitation.id).update(accepted_at=Now())
        changes = {"role": [None, membership.role]}
        audit.record("member.join", workspace_id=workspace_id, subject_id=user_id, actor_id=user_id, changes=changes)
        events.emit("member.joined", workspace_id=workspace_id, subject_id=user_id, data={"role": membership.role})
    return membership


def expire() -> None:
    """Delete the invitations that ended longer than `KEPT_FOR` ago, accepted or not."""
    Invitation.objects.filter(expires_at__lt=Now() - KEPT_FOR).delete()


def hash_token(token: str) -> bytes:
    """Return the SHA-256 under which a token is stored."""
    return hashlib.sha256(token.encode()).digest()


def _mail(invitation: Invitation, token: str, *, inviter: User) -> None:
    """Write to the address, in the language and with the times of its account where it has one, else of who invites."""
    reader = User.objects.with_email(invitation.email).first() or inviter
    context = {
        "inviter": inviter.display_name or inviter.name,
        "workspace": invitation.workspace.name,
        "role": MemberRole(invitation.role).label,
        "link": settings.HUNTAZE_URL + PAGE.format(token=token),
        "token": token,
        "expires_at": invitation.expires_at,
    }
    with timezone.override(reader.timezone):
        mail.send(to=invitation.email, template="accounts/mail/invitation", language=reader.language, context=context)
