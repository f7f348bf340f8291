"""Turning second factors on and off: authenticator apps, passkeys, and the recovery codes that come with either."""

import time
from typing import Any
from uuid import UUID

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import User
from accounts.services.mfa.proofs import RECOVERY_CODES, TOTP, WEBAUTHN, is_on, step_of, wrong
from accounts.services.mfa.secrets import seal
from accounts.services.people import EmailNotVerified, has_verified_email
from huntaze import audit, crypto
from huntaze.api import throttling
from huntaze.api.errors import NotFound, Problem

ENROLMENT_SECONDS = 600
_NAMES = {TOTP: _("Authenticator app"), WEBAUTHN: _("Passkey or security key")}


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
    step = step_of(secret, code, after=-1)
    if step is None:
        raise wrong("/code")
    with transaction.atomic():
        user = _lock(user_id)
        _require_may_turn_on(user)
        sealed = seal(secret, user_id=user.id, type=TOTP)
        Authenticator.objects.create(user=user, type=TOTP, data={"secret": sealed, "used_step": step})
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
        seed = seal(RecoveryCodes.generate_seed(), user_id=user.id, type=RECOVERY_CODES)
        data = {"seed": seed, "used_mask": 0, "viewed_at": time.time()}
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


def _enrolment(user_id: UUID) -> str:
    return f"mfa.enrolment:{user_id}"
