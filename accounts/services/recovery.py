"""Setting another password: by the present one, or by a link that the person's address got."""

from uuid import UUID

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models.functions import Now

from accounts import notices
from accounts.models import ApiKey, AuthorizationCode, Purpose, RevokedReason, Session, User
from accounts.services import challenges
from accounts.services.keys import revoke_keys
from accounts.services.mfa import remove_all
from accounts.services.passwords import check_password, confirm_password
from accounts.services.people import has_verified_email, verify_email_of
from accounts.services.sessions import end_sessions_but
from accounts.services.social import note_social_account
from huntaze import audit


def change_password(*, user_id: UUID, session_id: UUID, current_password: str, new_password: str) -> None:
    """Set a new password and end the person's other sessions; audited, and told by e-mail.

    The session that asked has proved who it is. Raises ValidationFailed for a wrong current or a weak new password.
    """
    user = confirm_password(user_id=user_id, password=current_password, pointer="/current_password")
    check_password(new_password, user=user, pointer="/new_password")
    encoded = make_password(new_password)
    with transaction.atomic():
        _write(user, encoded)
        end_sessions_but(session_id, user=user, reason=RevokedReason.PASSWORD_CHANGED)
        Session.objects.filter(id=session_id).update(authenticated_at=Now())


def forgot_password(*, email: str, language: str, user_agent: str = "") -> None:
    """Ask the address, if it has an account, to set a new password; the same work whether it has one."""
    challenges.ask(purpose=Purpose.RESET_PASSWORD, email=email, language=language, user_agent=user_agent)


def reset_password(*, token: str, password: str) -> None:
    """Set a new password by a link's token and end all of the person's sessions; audited, and told by e-mail.

    The token works once. It proves that the address is theirs, too: where that was not known, whoever made the account may have been
    somebody else, and every way in that they could have left themselves ends as well.

    Raises InvalidEmailToken, or ValidationFailed for a weak password, which leaves the token good.
    """
    user = challenges.find(token=token, purposes=[Purpose.RESET_PASSWORD]).user
    if user is None or not user.is_active:
        raise challenges.InvalidEmailToken
    check_password(password, user=user)
    encoded = make_password(password)
    with transaction.atomic():
        challenge = challenges.take(token=token, purposes=[Purpose.RESET_PASSWORD])
        if challenge.email != user.email:
            raise challenges.InvalidEmailToken
        if not has_verified_email(user):
            _close_other_doors(user)
        _write(user, encoded)
        verify_email_of(user)
        end_sessions_but(None, user=user, reason=RevokedReason.PASSWORD_RESET)


def _close_other_doors(user: User) -> None:
    """End API keys, second factors, linked providers and one-time codes; links to change the address end with the password."""
    revoke_keys(ApiKey.objects.filter(user=user))
    remove_all(user=user, actor_id=user.id)
    for account in SocialAccount.objects.filter(user=user):
        note_social_account(account=account, action="unlink")
        account.delete()
    AuthorizationCode.objects.filter(user=user).delete()


def _write(user: User, encoded: str) -> None:
    User.objects.filter(id=user.id).update(password=encoded)
    changes = {"password": ["…", "…"]}
    audit.record("user.set_password", workspace_id=user.default_workspace_id, subject_id=user.id, actor_id=user.id, changes=changes)
    notices.tell(user=user, kind="password_changed")
