"""What staff do to a person's account: suspend it, take second factors off it, and act as the person."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import notices
from accounts.models import User
from accounts.services.mfa import remove_all
from accounts.services.sessions import end_session, end_sessions
from huntaze import audit, events

IMPERSONATION_LIFETIME = timedelta(minutes=30)


def has_authority(*, actor: Any, user: User) -> bool:
    """Return whether a member of staff may do anything to this account: never to their own, and to staff only as a superuser."""
    return bool(actor.is_active and actor.is_staff and actor.pk != user.pk and (actor.is_superuser or not _is_staff(user)))


def suspend_account(*, user_id: UUID, reason: str, actor_id: UUID | None) -> None:
    """Keep a person out until staff let them in again: sessions of both kinds, their tokens and API keys stop at once.

    Audited with the reason; emits `user.suspended` and tells the person. Does nothing to one who is suspended. Raises PermissionDenied.
    """
    with transaction.atomic():
        user = _lock(user_id, actor_id)
        if user.suspended_at is not None:
            return
        now = timezone.now()
        notices.tell(user=user, kind="account_suspended")
        end_sessions(user_id=user_id, actor_id=actor_id)
        User.everyone.filter(id=user_id).update(suspended_at=now)
        changes = {"suspended_at": [None, now], "reason": [None, reason]}
        audit.record("user.suspend", workspace_id=user.default_workspace_id, subject_id=user_id, actor_id=actor_id, changes=changes)
        events.emit("user.suspended", workspace_id=user.default_workspace_id, subject_id=user_id)


def unsuspend_account(*, user_id: UUID, actor_id: UUID | None) -> None:
    """Let a suspended person in again; their API keys work again, sessions begin anew.

    Audited; emits `user.unsuspended` and tells the person. Does nothing to one who is not suspended. Raises PermissionDenied.
    """
    with transaction.atomic():
        user = _lock(user_id, actor_id)
        if user.suspended_at is None:
            return
        User.everyone.filter(id=user_id).update(suspended_at=None)
        changes = {"suspended_at": [user.suspended_at, None]}
        audit.record("user.unsuspend", workspace_id=user.default_workspace_id, subject_id=user_id, actor_id=actor_id, changes=changes)
        events.emit("user.unsuspended", workspace_id=user.default_workspace_id, subject_id=user_id)
        notices.tell(user=user, kind="account_unsuspended")


def remove_authenticators(*, user_id: UUID, actor_id: UUID | None) -> int:
    """Take every second factor and recovery code off an account, for somebody who lost them; return how many there were.

    Each is audited, and each factor told to the person. Raises PermissionDenied.
    """
    with transaction.atomic():
        user = _lock(user_id, actor_id)
        return remove_all(user=user, actor_id=actor_id)


def may_impersonate(*, hijacker: Any, hijacked: Any) -> bool:
    """Return whether a member of staff may act as this person: with the right to, and never as another member of staff."""
    if not (hijacked.is_active and hijacker.is_active and hijacker.is_staff) or _is_staff(hijacked):
        return False
    return bool(hijacker.has_perm("accounts.impersonate_user"))


def start_impersonation(*, user: User, reason: str, staff_id: UUID) -> None:
    """Note that a member of staff begins to act as a person; audited with the reason, and told to the person."""
    with transaction.atomic():
        changes = {"reason": [None, reason]}
        workspace_id = user.default_workspace_id
        audit.record("impersonation.start", workspace_id=workspace_id, subject_id=user.id, actor_id=staff_id, changes=changes)
        notices.tell(user=user, kind="impersonated", context={"reason": reason})


def stop_impersonation(*, user_id: UUID, session_id: UUID, staff_id: UUID, because: str) -> None:
    """Note that a member of staff acts as the person no longer, and why, and end the browser session that they did it in; audited."""
    with transaction.atomic():
        end_session(session_id=session_id, actor_id=staff_id)
        user = User.everyone.get(id=user_id)
        changes = {"because": [None, because]}
        workspace_id = user.default_workspace_id
        audit.record("impersonation.stop", workspace_id=workspace_id, subject_id=user_id, actor_id=staff_id, changes=changes)


def _lock(user_id: UUID, actor_id: UUID | None) -> User:
    """Return the account, locked; raises PermissionDenied where it is not for this member of staff to change."""
    user: User = User.everyone.select_for_update(no_key=True).get(id=user_id)
    actor = User.objects.filter(id=actor_id).first()
    if actor is None or not has_authority(actor=actor, user=user):
        raise PermissionDenied(_("Accounts of staff are changed by superusers, and one's own by somebody else."))
    return user


def _is_staff(user: Any) -> bool:
    return bool(user.is_staff or user.is_superuser)
