"""What a password must be, and whether it is the right one."""

from uuid import UUID

from django.contrib.auth import hashers, password_validation
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from accounts.models import User
from huntaze.api.errors import ValidationFailed

_NOBODYS = "!"  # an unusable hash, which costs as much to check as a real one


def check_password(password: str, *, user: User, pointer: str = "/password") -> None:
    """Raise ValidationFailed at `pointer`, with every reason, for one that is too weak for `user`, whose row need not exist."""
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        faults = [{"pointer": pointer, "code": str(fault.code), "detail": fault.messages[0]} for fault in error.error_list]
        raise ValidationFailed(_("See `errors`."), errors=faults) from None


def is_password_of(user: User | None, password: str) -> bool:
    """Return whether this is the person's password; for nobody it is False, after the same work."""
    if not connection.in_atomic_block:
        connection.close()  # hashes queue for the cores; those that wait must not hold the pool's connections
    return hashers.check_password(password, _NOBODYS) if user is None else user.check_password(password)


def confirm_password(*, user_id: UUID, password: str, pointer: str = "/password") -> User:
    """Return the person, whose password this is; raises ValidationFailed at `pointer`."""
    user: User = User.objects.get(id=user_id)
    if not is_password_of(user, password):
        fault = {"pointer": pointer, "code": "wrong_password", "detail": _("This is not your password.")}
        raise ValidationFailed(_("See `errors`."), errors=[fault])
    return user
