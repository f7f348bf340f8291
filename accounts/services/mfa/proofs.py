"""Proving who one is by a second factor."""

from uuid import UUID

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Session, User
from accounts.services.mfa.secrets import unseal
from accounts.services.passwords import confirm_password
from huntaze import audit
from huntaze.api import throttling
from huntaze.api.errors import Problem, ValidationFailed

TOTP, RECOVERY_CODES, WEBAUTHN = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES, Authenticator.Type.WEBAUTHN


class MfaRequired(Problem):
    status = 401
    code = "mfa_required"
    title = _("The password is right; a code of the second factor is needed too.")


class InvalidMfaCode(Problem):
    status = 401
    code = "invalid_mfa_code"
    title = _("The code of the second factor is wrong, or was used before.")


class ReauthenticationUnavailable(Problem):
    status = 403
    code = "reauthentication_unavailable"
    title = _("The account has neither a password nor a second factor to prove anything by. Sign in again.")


def is_on(user_id: UUID) -> bool:
    """Return whether the person has a second factor."""
    return bool(Authenticator.objects.filter(user_id=user_id, type__in=(TOTP, WEBAUTHN)).exists())


def check_second_factor(user: User, code: str) -> None:
    """Let pass who has no second factor, or who shows a code of it, which is thereby used up.

    A code is one of the authenticator app, or a recovery code. Raises MfaRequired without one, InvalidMfaCode for a wrong or used
    one, and RateLimited after too many.
    """
    if not is_on(user.id):
        return
    if not code:
        raise MfaRequired
    if use_code(user_id=user.id, code=code) is None:
        raise InvalidMfaCode


def use_code(*, user_id: UUID, code: str) -> Authenticator | None:
    """Use a code up and return the row that it belongs to, or None for one that is wrong or was used; raises RateLimited.

    Of any number of calls with one code at once, one succeeds: each locks the person's rows. A code of an authenticator app
    counts once, and after it only those of later times (RFC 6238, 5.2).
    """
    throttling.count_attempt(str(user_id))
    with transaction.atomic():
        rows = Authenticator.objects.filter(user_id=user_id, type__in=(TOTP, RECOVERY_CODES)).select_for_update(of=("self",))
        for row in rows.order_by("-type"):  # the authenticator app first
            if _use_totp(row, code) if row.type == TOTP else _use_recovery_code(row, code):
                return row
    return None


def reauthenticate(*, user_id: UUID, session_id: UUID, password: str, mfa_code: str) -> None:
    """Note that the person of a session has just proved who they are.

    The password is needed where they have one, and a code where they have a second factor; neither is enough alone, since a thief
    may hold the password, or an unlocked phone with the app on it. Audited. Raises
    ValidationFailed at what is missing or wrong, RateLimited after too many, ReauthenticationUnavailable for who has neither.
    """
    user = User.objects.get(id=user_id)
    has_password, has_factor = user.has_usable_password(), is_on(user_id)
    if not has_password and not has_factor:
        raise ReauthenticationUnavailable
    asked = {"/password": (has_password, password), "/mfa_code": (has_factor, mfa_code)}
    missing = [pointer for pointer, (is_needed, given) in asked.items() if is_needed and not given]
    if missing:
        faults = [{"pointer": pointer, "code": "required", "detail": gettext("This is needed.")} for pointer in missing]
        raise ValidationFailed(gettext("See `errors`."), errors=faults)
    if has_password:
        throttling.count_attempt(str(user_id))
        confirm_password(user_id=user_id, password=password)
    if has_factor and use_code(user_id=user_id, code=mfa_code) is None:
        raise wrong("/mfa_code")
    with transaction.atomic():
        Session.objects.filter(id=session_id, revoked_at=None).update(authenticated_at=Now())
        audit.record("session.reauthenticate", workspace_id=user.default_workspace_id, subject_id=session_id, actor_id=user_id)


def step_of(secret: str, code: str, *, after: int) -> int | None:
    """Return the time, in steps of 30 seconds, that a code of this secret stands for; None where it is none of now, or not after."""
    steps = [step for step in totp.yield_hotp_counters_from_time() if step > after]
    expected = {step: totp.format_hotp_value(totp.hotp_value(secret, step)) for step in steps}
    return next((step for step, value in expected.items() if compare_user_code(actual=code, expected=value)), None)


def wrong(pointer: str) -> ValidationFailed:
    """Return the refusal of a wrong code in the field at `pointer`."""
    fault = {"pointer": pointer, "code": "wrong_code", "detail": str(InvalidMfaCode.title)}
    return ValidationFailed(gettext("See `errors`."), errors=[fault])


def _use_totp(row: Authenticator, code: str) -> bool:
    """Note the time that the code stands for in the locked row; return False for a wrong code, and for one of a time that is over."""
    step = step_of(unseal(row.data["secret"]), code, after=row.data["used_step"])
    if step is None:
        return False
    row.data["used_step"], row.last_used_at = step, timezone.now()
    row.save(update_fields=["data", "last_used_at"])
    return True


def _use_recovery_code(row: Authenticator, code: str) -> bool:
    if not row.wrap().validate_code(code):
        return False
    row.record_usage()
    audit.record("recovery_codes.use", workspace_id=row.user.default_workspace_id, subject_id=row.user_id, actor_id=row.user_id)
    return True
