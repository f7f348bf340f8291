"""Making accounts, and changing what they say of a person."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import EMAIL_CONSTRAINT, Role, User, write_email_address
from huntaze import audit
from huntaze.api.errors import Problem


class EmailTaken(Problem):
    status = 409
    code = "email_taken"
    title = _("There is an account with this e-mail address.")


class EmailNotVerified(Problem):
    status = 403
    code = "email_not_verified"
    title = _("Confirm your e-mail address first.")


def create_account(*, email: str, password: str | None, name: str, role: str = Role.CREATOR, **fields: Any) -> User:
    """Make an account with a workspace that it owns; `fields` are further columns of User, `password_hash` and `email_verified`.

    Runs in one transaction; audits, emits `user.created` and sends `workspace_created`. Raises EmailTaken.
    """
    try:
        user: User = User.objects.create_user(email=email, password=password, name=name, role=role, **fields)
    except IntegrityError as error:
        if EMAIL_CONSTRAINT not in str(error):
            raise
        raise EmailTaken from None
    return user


def has_verified_email(user: User) -> bool:
    """Return whether the person has shown that their address is theirs."""
    from allauth.account.models import EmailAddress

    return bool(EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists())


def verify_email_of(user: User) -> None:
    """Note that the person's address is theirs, and tell them; audited. Does nothing where it is known."""
    if has_verified_email(user):
        return
    with transaction.atomic():
        write_email_address(user, verified=True)
        changes = {"email_verified": [False, True]}
        audit.record("user.verify_email", workspace_id=user.default_workspace_id, subject_id=user.id, actor_id=user.id, changes=changes)
        notices.tell(user=user, kind="email_verified")


def edit_user(*, user_id: UUID, name: str, role: str, actor_id: UUID | None) -> None:
    """Change a person's name and role on behalf of staff; audited with the old and new values."""
    new = {"name": name, "role": role}
    with transaction.atomic():
        user = User.everyone.select_for_update().get(id=user_id)
        changes = {field: [getattr(user, field), value] for field, value in new.items() if getattr(user, field) != value}
        if changes:
            User.everyone.filter(id=user_id).update(**new)
            audit.record("user.edit", workspace_id=user.default_workspace_id, subject_id=user_id, actor_id=actor_id, changes=changes)
