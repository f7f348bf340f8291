"""Second factors: authenticator apps (TOTP), passkeys, and the recovery codes that come with either.

The rows are allauth's, so that the API and the account pages share one truth; whoever writes them calls what stands here, which
audits and tells the person in the same transaction.

Secrets are encrypted as text that belongs to `mfa_authenticator.data`: one from another column cannot be read here, nor one from
here there. They are not bound to their row: allauth's hooks see the text alone, neither its person nor its row. Who can write to
that table could move a secret to another person's row, but could as well delete the row.
"""

import time
from typing import Any
from uuid import UUID

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import Session, User
from accounts.services.passwords import confirm_password
from accounts.services.people import EmailNotVerified, has_verified_email
from huntaze import audit, crypto
from huntaze.api import throttling
from huntaze.api.errors import NotFound, Problem, ValidationFailed

PLACE = "mfa_authenticator.data"  # what the ciphertexts are bound to
ENROLMENT_SECONDS = 600
TOTP, RECOVERY_CODES, WEBAUTHN = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES, Authenticator.Type.WEBAUTHN
_NAMES = {TOTP: _("Authenticator app"), WEBAUTHN: _("Passkey or security key")}
_BATCH = 500


class MfaRequired(Problem):
    status = 401
    code = "mfa_required"
    title = _("The password is right; a code of the second factor is needed too.")


class InvalidMfaCode(Problem):
    status = 401
    code = "invalid_mfa_code"
    title = _("The code of the second factor is wrong, or was used before.")


class MfaOn(Problem):
    status = 409
    code = "mfa_on"
    title = _("The authenticator app is on already.")


class MfaOff(Problem):
    status = 409
    code = "mfa_off"
    title = _("There is no second factor.")


class NoEnrolment(Problem):
    status = 409
    code = "mfa_enrolment_expired"
    title = _("No authenticator app is being turned on, or that took too long. Start again.")


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


def totp_state(user_id: UUID) -> dict[str, Any]:
    """Return whether an authenticator app is on, since when, and how many recovery codes are left; makes one query."""
    rows = {row.type: row for row in Authenticator.objects.filter(user_id=user_id, type__in=(TOTP, RECOVERY_CODES))}
    app, codes = rows.get(TOTP), rows.get(RECOVERY_CODES)
    left = len(codes.wrap().get_unused_codes()) if codes else 0
    return {"enabled": app is not None, "since": app and app.created_at, "recovery_codes_left": left}


def start_totp(*, user_id: UUID) -> dict[str, Any]:
    """Return a new secret, the `otpauth` address that apps take it by, and that as a picture; nothing is on until it is confirmed.

    The secret waits, encrypted, for `ENROLMENT_SECONDS`; another start replaces it. Raises MfaOn, and EmailNotVerified, since who
    signed up with another's address must not lock its owner out. Audited.
    """
    user = User.objects.get(id=user_id)
    _require_may_turn_on(user)
    secret = totp.generate_totp_secret()
    key = _enrolment(user_id)
    with transaction.atomic():
        cache.set(key, crypto.encrypt(secret, context=key), timeout=ENROLMENT_SECONDS)
        _audit(user, "mfa.start")
    uri = get_adapter().build_totp_url(user, secret)
    return {"secret": secret, "otpauth_uri": uri, "qr_code_svg": get_adapter().build_totp_svg(uri), "expires_in": ENROLMENT_SECONDS}


def confirm_totp(*, user_id: UUID, code: str) -> list[str]:
    """Turn on the authenticator app that was started, by a code of it; return the recovery codes.

    Raises NoEnrolment, ValidationFailed at /code for a wrong code, MfaOn, EmailNotVerified and RateLimited.
    """
    key = _enrolment(user_id)
    sealed = cache.get(key)
    if sealed is None:
        raise NoEnrolment
    throttling.count_attempt(str(user_id))
    try:
        secret = crypto.decrypt(sealed, context=key)
    except crypto.CannotDecrypt:  # its key was dropped meanwhile
        raise NoEnrolment from None
    codes = turn_totp_on(user_id=user_id, secret=secret, code=code)
    cache.delete(key)
    return codes


def turn_totp_on(*, user_id: UUID, secret: str, code: str) -> list[str]:
    """Turn an authenticator app on, by a code of it, which is thereby used up; return the recovery codes, made now or had before.

    Audited, and told by e-mail. Raises ValidationFailed at /code for a wrong code, MfaOn and EmailNotVerified.
    """
    step = _step_of(secret, code, after=-1)
    if step is None:
        raise _wrong("/code")
    with transaction.atomic():
        user = _lock(user_id)
        _require_may_turn_on(user)
        Authenticator.objects.create(user=user, type=TOTP, data={"secret": get_adapter().encrypt(secret), "used_step": step})
        _note(user, "add", TOTP)
        return _had_or_made_codes(user)


def turn_totp_off(*, user_id: UUID) -> None:
    """Turn the authenticator app off, and the recovery codes with it where no passkey is left; raises NotFound where none is on.

    Audited, and told by e-mail.
    """
    _remove(user_id, type=TOTP)


def add_passkey(*, user_id: UUID, name: str, credential: dict[str, Any]) -> Authenticator:
    """Keep a passkey that the browser has registered, and make recovery codes where there are none; audited, and told by e-mail."""
    with transaction.atomic():
        user = _lock(user_id)
        passkey = Authenticator.objects.create(user=user, type=WEBAUTHN, data={"name": name, "credential": credential})
        _note(user, "add", WEBAUTHN)
        _had_or_made_codes(user)
    return passkey


def rename_passkey(*, user_id: UUID, passkey_id: int, name: str) -> None:
    """Give a passkey another name; audited. Raises NotFound for one that is not the person's."""
    with transaction.atomic():
        user = _lock(user_id)
        passkey = Authenticator.objects.filter(user=user, type=WEBAUTHN, pk=passkey_id).first()
        if passkey is None:
            raise NotFound
        old, passkey.data["name"] = passkey.data["name"], name
        passkey.save(update_fields=["data"])
        _audit(user, "mfa.rename", {"name": [old, name]})


def remove_passkey(*, user_id: UUID, passkey_id: int) -> None:
    """Remove a passkey, and the recovery codes with it where no second factor is left; raises NotFound for one that is not theirs.

    Audited, and told by e-mail.
    """
    _remove(user_id, type=WEBAUTHN, pk=passkey_id)


def remove_all(*, user: User, actor_id: UUID | None) -> int:
    """Take every second factor and recovery code off an account, in the caller's transaction; return how many there were.

    Each is audited, and each factor told to the person.
    """
    found = list(Authenticator.objects.filter(user=user).select_for_update(of=("self",)).order_by("id"))
    for authenticator in found:
        authenticator.delete()
        changes = {"method": [authenticator.type, None]}
        audit.record("mfa.remove", workspace_id=user.default_workspace_id, subject_id=user.id, actor_id=actor_id, changes=changes)
        if authenticator.type in _NAMES:
            notices.tell(user=user, kind="mfa_changed", context={"method": _NAMES[authenticator.type], "added": False})
    return len(found)


def make_recovery_codes(*, user_id: UUID) -> list[str]:
    """Return new recovery codes, in the place of those that were; audited, and told by e-mail. Raises MfaOff."""
    with transaction.atomic():
        user = _lock(user_id)
        if not is_on(user_id):
            raise MfaOff
        Authenticator.objects.filter(user=user, type=RECOVERY_CODES).delete()
        codes = _had_or_made_codes(user)
        notices.tell(user=user, kind="recovery_codes_made")
    return codes


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
        raise _wrong("/mfa_code")
    with transaction.atomic():
        Session.objects.filter(id=session_id, revoked_at=None).update(authenticated_at=Now())
        audit.record("session.reauthenticate", workspace_id=user.default_workspace_id, subject_id=session_id, actor_id=user_id)


def rotate(rotation: crypto.Rotation) -> None:
    """Encrypt by the first key of the ring the secrets that another one encrypted, some hundred rows at a time; see `crypto.rotate`."""
    last = 0
    secrets = Authenticator.objects.filter(type__in=(TOTP, RECOVERY_CODES)).order_by("pk")
    while batch := list(secrets.filter(pk__gt=last).values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic():
            for row in secrets.filter(pk__in=batch).select_for_update(of=("self",)):
                _reseal(row, rotation)
        last = batch[-1]


def _reseal(row: Authenticator, rotation: crypto.Rotation) -> None:
    name = "secret" if row.type == TOTP else "seed"
    if crypto.is_current(row.data[name]):
        return
    try:
        row.data[name] = crypto.encrypt(crypto.decrypt(row.data[name], context=PLACE), context=PLACE)
    except crypto.CannotDecrypt:
        rotation.unreadable.append(f"{PLACE}:{row.pk}")
        return
    row.save(update_fields=["data"])
    rotation.resealed += 1


crypto.register_rotation(rotate)


def _use_totp(row: Authenticator, code: str) -> bool:
    """Note the time that the code stands for in the locked row; return False for a wrong code, and for one of a time that is over."""
    step = _step_of(get_adapter().decrypt(row.data["secret"]), code, after=row.data["used_step"])
    if step is None:
        return False
    row.data["used_step"], row.last_used_at = step, timezone.now()
    row.save(update_fields=["data", "last_used_at"])
    return True


def _use_recovery_code(row: Authenticator, code: str) -> bool:
    if not row.wrap().validate_code(code):
        return False
    row.record_usage()
    _audit(row.user, "recovery_codes.use")
    return True


def _step_of(secret: str, code: str, *, after: int) -> int | None:
    """Return the time, in steps of 30 seconds, that a code of this secret stands for; None where it is none of now, or not after."""
    steps = [step for step in totp.yield_hotp_counters_from_time() if step > after]
    expected = {step: totp.format_hotp_value(totp.hotp_value(secret, step)) for step in steps}
    return next((step for step, value in expected.items() if compare_user_code(actual=code, expected=value)), None)


def _require_may_turn_on(user: User) -> None:
    if Authenticator.objects.filter(user=user, type=TOTP).exists():
        raise MfaOn
    if not has_verified_email(user):
        raise EmailNotVerified


def _remove(user_id: UUID, **which: Any) -> None:
    with transaction.atomic():
        user = _lock(user_id)
        if not Authenticator.objects.filter(user=user, **which).delete()[0]:
            raise NotFound
        if not is_on(user_id):
            Authenticator.objects.filter(user=user, type=RECOVERY_CODES).delete()
        _note(user, "remove", which["type"])


def _had_or_made_codes(user: User) -> list[str]:
    """Return the recovery codes that are left, after making a set where there is none."""
    row = Authenticator.objects.filter(user=user, type=RECOVERY_CODES).first()
    if row is None:
        # Seen from the start: allauth notes the first look by writing the row back as it read it, which could undo a code's use.
        data = {"seed": get_adapter().encrypt(RecoveryCodes.generate_seed()), "used_mask": 0, "viewed_at": time.time()}
        row = Authenticator.objects.create(user=user, type=RECOVERY_CODES, data=data)
        _audit(user, "recovery_codes.create")
    codes: list[str] = row.wrap().get_unused_codes()
    return codes


def _note(user: User, verb: str, method: str) -> None:
    """Audit that a second factor was added or removed, and tell the person."""
    is_added = verb == "add"
    _audit(user, f"mfa.{verb}", {"method": [None, str(method)] if is_added else [str(method), None]})
    notices.tell(user=user, kind="mfa_changed", context={"method": _NAMES[Authenticator.Type(method)], "added": is_added})


def _audit(user: User, action: str, changes: dict[str, Any] | None = None) -> None:
    audit.record(action, workspace_id=user.default_workspace_id, subject_id=user.id, actor_id=user.id, changes=changes)


def _lock(user_id: UUID) -> User:
    """Return the person with the row locked, so that two changes of their second factors come one after the other."""
    user: User = User.objects.select_for_update(no_key=True).get(id=user_id)
    return user


def _wrong(pointer: str) -> ValidationFailed:
    fault = {"pointer": pointer, "code": "wrong_code", "detail": str(InvalidMfaCode.title)}
    return ValidationFailed(gettext("See `errors`."), errors=[fault])


def _enrolment(user_id: UUID) -> str:
    return f"mfa.enrolment:{user_id}"
