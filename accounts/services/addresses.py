"""Another e-mail address: it counts once its owner has opened the link that was sent there."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import EMAIL_CONSTRAINT, User, write_email_address
from accounts.services.challenges import InvalidEmailToken
from huntaze import audit, mail
from huntaze.api.errors import Problem

SALT = "huntaze.change_email"
LIFETIME_SECONDS = 24 * 3600
PAGE = "/accounts/email/{token}/"


class SameEmail(Problem):
    status = 422
    code = "same_email"
    title = _("This is your address already.")


def request_email_change(*, user_id: UUID, email: str) -> None:
    """Send a link to a person's next address; nothing where another account has it, so that nobody learns of that one.

    The link is a signed note of both addresses and of the password's hash: it is worth nothing once the person has another address or
    password than then. Audited. Raises SameEmail.
    """
    email = email.lower()
    user = User.objects.get(id=user_id)
    if email == user.email:
        raise SameEmail
    with transaction.atomic():
        audit.record("user.request_email_change", workspace_id=user.default_workspace_id, subject_id=user.id, actor_id=user.id)
        if User.objects.with_email(email).exists():
            return
        token = signing.dumps([str(user.id), user.email, email, _fingerprint(user)], salt=SALT)
        context = {"name": user.name, "old": user.email, "link": settings.HUNTAZE_URL + PAGE.format(token=token)}
        mail.send(to=email, template="accounts/mail/change_email", language=user.language, context=context, person_id=user.id)


def change_email(*, token: str, user_id: UUID | None = None) -> User:
    """Give a person the address that their link names, verified; audited, and told to both addresses.

    With `user_id` the link must be that person's. Raises InvalidEmailToken for a link that is altered, old or used, or whose
    address has an account by now.
    """
    person_id, old, new, fingerprint = _read(token)
    with transaction.atomic():
        user: User | None = User.objects.select_for_update().filter(id=person_id, email=old, is_active=True).first()
        if user is None or user_id not in (None, user.id) or fingerprint != _fingerprint(user):
            raise InvalidEmailToken
        user.email = new
        _save(user)
        write_email_address(user, verified=True)
        changes = {"email": [old, new]}
        audit.record("user.change_email", workspace_id=user.default_workspace_id, subject_id=user.id, actor_id=user.id, changes=changes)
        for address in (old, new):
            notices.tell(user=user, kind="email_changed", context={"old": old, "new": new}, to=address)
    return user


def _read(token: str) -> Any:
    try:
        return signing.loads(token, salt=SALT, max_age=LIFETIME_SECONDS)
    except signing.BadSignature:
        raise InvalidEmailToken from None


def _fingerprint(user: User) -> str:
    """Return what tells that the person has set no other password meanwhile, without telling of the one that they have."""
    return salted_hmac(SALT, user.password, algorithm="sha256").hexdigest()


def _save(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
    except IntegrityError as error:
        if EMAIL_CONSTRAINT not in str(error):
            raise
        raise InvalidEmailToken from None
