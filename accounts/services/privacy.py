"""Leaving: deleted accounts, restored ones, and the erasure of those that nobody restored."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import notices
from accounts.models import (
    EMAIL_CONSTRAINT,
    ApiKey,
    Deletion,
    ErasureReceipt,
    Export,
    ExportStatus,
    Invitation,
    LegalHold,
    MemberRole,
    Membership,
    User,
    Workspace,
    write_email_address,
)
from accounts.services.keys import revoke_keys
from accounts.services.people import EmailTaken
from accounts.services.sessions import sign_out_everywhere
from huntaze import audit, events, personal
from huntaze.api.errors import Problem
from huntaze.personal import Subject

log = logging.getLogger(__name__)

RECEIPT_FORMAT = "huntaze.erasure.1"
DUE_AT_ONCE = 100


class WorkspaceHasMembers(Problem):
    status = 409
    code = "workspace_has_members"
    title = gettext_lazy("You own a workspace that others belong to.")


class AccountNotDeleted(Problem):
    status = 409
    code = "account_not_deleted"
    title = gettext_lazy("The account is not deleted.")


class AccountErased(Problem):
    status = 409
    code = "account_erased"
    title = gettext_lazy("The account was erased and cannot come back.")


class AccountHeld(Problem):
    status = 409
    code = "account_held"
    title = gettext_lazy("A legal hold stands against erasing the account.")


Blocker = Callable[[UUID], Problem | None]
_blockers: list[Blocker] = []


def block_deletion(blocker: Blocker) -> None:
    """Let `blocker(workspace_id)` return why the workspace's owner must not be deleted; an app above calls this once, when it is ready."""
    _blockers.append(blocker)


def delete_account(*, user_id: UUID, actor_id: UUID | None = None) -> Deletion:
    """Delete a person's account: tokens, keys and browsers stop at once, and the address can register again.

    Invitations to their workspaces end, and archives expire; everything else stays until `ERASURE_DELAY_DAYS` have passed, so
    that staff can restore it. Runs in one transaction: audits, emits `user.deleted` and tells the person. Return when erasure is
    due; a repeat changes nothing. Raises WorkspaceHasMembers, or what an app above says of a workspace of theirs.
    """
    with transaction.atomic():
        user = User.everyone.select_for_update(no_key=True).get(id=user_id)
        if user.deleted_at is not None:
            return Deletion.objects.get(user=user)
        owned = _lock_workspaces_to_leave(user_id)
        now = timezone.now()
        due_at = now + timedelta(days=settings.ERASURE_DELAY_DAYS)
        verified = EmailAddress.objects.filter(user_id=user_id, email=user.email, verified=True).exists()
        notices.tell(user=user, kind="account_deletion_scheduled", context={"erased_on": due_at})
        sign_out_everywhere(user_id=user_id)
        revoke_keys(ApiKey.objects.filter(user_id=user_id))
        User.everyone.filter(id=user_id).update(deleted_at=now)
        EmailAddress.objects.filter(user_id=user_id).delete()
        SocialAccount.objects.filter(user_id=user_id).delete()
        Invitation.objects.filter(workspace_id__in=owned).delete()
        _end_exports(user_id)
        deletion = Deletion.objects.create(user=user, due_at=due_at, email_verified=verified)
        audit.record("user.delete", workspace_id=user.default_workspace_id, subject_id=user_id, actor_id=actor_id)
        data = {"erasure_due_at": due_at.isoformat()}
        events.emit("user.deleted", workspace_id=user.default_workspace_id, subject_id=user_id, data=data)
    return deletion


def restore_account(*, user_id: UUID, actor_id: UUID | None) -> None:
    """Bring a deleted account back, on behalf of staff; the person signs in, links providers and makes keys anew.

    Audited; emits `user.restored` and tells the person. Raises AccountNotDeleted, AccountErased, or EmailTaken where another
    account has the address meanwhile.
    """
    with transaction.atomic():
        user, deletion = _lock_deleted(user_id)
        try:
            with transaction.atomic():
                User.everyone.filter(id=user_id).update(deleted_at=None)
        except IntegrityError as error:
            if EMAIL_CONSTRAINT not in str(error):
                raise
            raise EmailTaken from None
        write_email_address(user, verified=deletion.email_verified)
        deletion.delete()
        user.deleted_at = None
        audit.record("user.restore", workspace_id=user.default_workspace_id, subject_id=user_id, actor_id=actor_id)
        events.emit("user.restored", workspace_id=user.default_workspace_id, subject_id=user_id)
        notices.tell(user=user, kind="account_restored")


def erase_account(*, user_id: UUID) -> ErasureReceipt:
    """Erase a deleted account now, whether it is due or not; return the signed receipt.

    In one transaction: all that the apps declare about the person (`huntaze.personal`), with the workspaces that are theirs alone;
    their row stays without a word about them, so that history keeps an anonymous author. Audited; emits `user.erased`. Raises
    AccountNotDeleted, AccountErased, or AccountHeld with the reason.
    """
    with transaction.atomic():
        user, deletion = _lock_deleted(user_id)
        hold = LegalHold.objects.filter(user_id=user_id, released_at=None).first()
        if hold is not None:
            raise AccountHeld(_("A legal hold of %(day)s stands against it.") % {"day": f"{hold.created_at:%Y-%m-%d}"})
        subject = Subject(user_id, (user.email,), tuple(_workspaces_alone(user_id)), deletion.created_at)
        rows = personal.erase(subject)
        now = timezone.now()
        Deletion.objects.filter(id=deletion.id).update(erased_at=now)
        receipt = _signed_receipt(user_id, deleted_at=deletion.created_at, erased_at=now, rows=rows)
        audit.record("user.erase", workspace_id=user.default_workspace_id, subject_id=user_id, changes={"receipt": [None, str(receipt.id)]})
        events.emit("user.erased", workspace_id=user.default_workspace_id, subject_id=user_id)
    return receipt


def erase_due_accounts() -> int:
    """Erase the accounts whose time has come, each in a transaction of its own; return how many were.

    Those under a legal hold wait. One that fails is logged and left to the next call, and the others go on.
    """
    held = LegalHold.objects.filter(user_id=OuterRef("user_id"), released_at=None)
    due = Deletion.objects.filter(~Exists(held), erased_at=None, due_at__lte=timezone.now()).order_by("due_at")
    return sum(_erase_if_possible(user_id) for user_id in list(due.values_list("user_id", flat=True)[:DUE_AT_ONCE]))


def receipt_is_genuine(receipt: ErasureReceipt) -> bool:
    """Return whether a key of `AUDIT_SIGNING_KEYS` signed this receipt as it stands."""
    return audit.is_signed(receipt.kid, bytes(receipt.signature), _receipt_message(receipt))


def place_hold(*, user_id: UUID, reason: str, actor_id: UUID | None) -> LegalHold:
    """Keep a person from being erased, for a reason; audited. Raises AccountErased."""
    with transaction.atomic():
        user = User.everyone.select_for_update(no_key=True).get(id=user_id)
        if Deletion.objects.filter(user=user).exclude(erased_at=None).exists():
            raise AccountErased
        hold = LegalHold.objects.create(user=user, reason=reason, placed_by_id=actor_id)
        audit.record("legal_hold.place", workspace_id=user.default_workspace_id, subject_id=user_id, actor_id=actor_id)
    return hold


def release_hold(*, hold_id: UUID, actor_id: UUID | None) -> None:
    """Let erasure go on where no other hold stands; audited. Does nothing to one that was released."""
    with transaction.atomic():
        if LegalHold.objects.filter(id=hold_id, released_at=None).update(released_at=timezone.now()):
            hold = LegalHold.objects.select_related("user").get(id=hold_id)
            workspace_id = hold.user.default_workspace_id
            audit.record("legal_hold.release", workspace_id=workspace_id, subject_id=hold.user_id, actor_id=actor_id)


def find_person(text: str) -> User | None:
    """Return the account with this id, deleted or not, or the live one with this e-mail address."""
    try:
        return User.everyone.filter(id=UUID(text)).first()
    except ValueError:
        person: User | None = User.objects.with_email(text).first()
        return person


def subject_of(user: User) -> Subject:
    """Return whom an export of `user` is about; the workspaces are those that they own."""
    return Subject(user.id, (user.email,), tuple(_owned(user.id).values_list("workspace_id", flat=True)), timezone.now())


def _lock_deleted(user_id: UUID) -> tuple[User, Deletion]:
    user = User.everyone.select_for_update(no_key=True).get(id=user_id)
    if user.deleted_at is None:
        raise AccountNotDeleted
    deletion = Deletion.objects.get(user=user)
    if deletion.erased_at is not None:
        raise AccountErased
    return user, deletion


def _owned(user_id: UUID) -> Any:
    return Membership.objects.filter(user_id=user_id, role=MemberRole.OWNER)


def _lock_workspaces_to_leave(user_id: UUID) -> list[UUID]:
    """Return the ids of the workspaces that a person owns, locked so that nobody joins; raise a Problem where one needs its owner."""
    owned = list(Workspace.objects.filter(memberships__in=_owned(user_id)).select_for_update(of=("self",), no_key=True).order_by("id"))
    others = Membership.objects.filter(workspace__in=owned, user__deleted_at=None).exclude(user_id=user_id)
    shared = set(others.values_list("workspace_id", flat=True))
    for workspace in owned:
        if workspace.id in shared:
            detail = _("Hand %(name)s over to a member first, or remove its members.") % {"name": workspace.name}
            raise WorkspaceHasMembers(detail, workspace_id=workspace.id)
        for blocker in _blockers:
            if (problem := blocker(workspace.id)) is not None:
                raise problem
    return [workspace.id for workspace in owned]


def _workspaces_alone(user_id: UUID) -> list[UUID]:
    others = Membership.objects.filter(workspace_id=OuterRef("workspace_id"), user__deleted_at=None).exclude(user_id=user_id)
    return list(_owned(user_id).filter(~Exists(others)).values_list("workspace_id", flat=True))


def _end_exports(user_id: UUID) -> None:
    """Let every archive of the person expire now: whoever writes one loses its lease, and the sweeper removes the files."""
    ended = {"status": ExportStatus.EXPIRED, "lease_token": None, "lease_expires_at": None, "wake_at": None}
    Export.objects.filter(user_id=user_id).update(expires_at=timezone.now(), **ended)


def _erase_if_possible(user_id: UUID) -> bool:
    try:
        erase_account(user_id=user_id)
    except (AccountErased, AccountNotDeleted, AccountHeld):  # another was faster, or a hold came
        return False
    except Exception:
        log.exception("Account %s was not erased", user_id)
        return False
    return True


def _signed_receipt(person_id: UUID, *, deleted_at: datetime, erased_at: datetime, rows: dict[str, int]) -> ErasureReceipt:
    receipt = ErasureReceipt(person_id=person_id, deleted_at=deleted_at, erased_at=erased_at, rows=rows)
    receipt.kid, receipt.signature = audit.sign_message(_receipt_message(receipt))
    receipt.save(force_insert=True)
    return receipt


def _receipt_message(receipt: ErasureReceipt) -> bytes:
    values = [RECEIPT_FORMAT, receipt.id, receipt.person_id, receipt.deleted_at, receipt.erased_at, receipt.rows]
    return orjson.dumps(values, option=orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS)
