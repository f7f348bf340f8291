"""Second factors: authenticator apps (TOTP), passkeys, and the recovery codes that come with either.

The rows are allauth's, so that the API and the account pages share one truth; whoever writes them calls what stands here, which
audits and tells the person in the same transaction.
"""

from accounts.services.mfa.factors import (
    ENROLMENT_SECONDS,
    MfaOff,
    MfaOn,
    NoEnrolment,
    add_passkey,
    confirm_totp,
    make_recovery_codes,
    remove_all,
    remove_passkey,
    rename_passkey,
    start_totp,
    totp_state,
    turn_totp_off,
    turn_totp_on,
)
from accounts.services.mfa.proofs import (
    InvalidMfaCode,
    MfaRequired,
    ReauthenticationUnavailable,
    check_second_factor,
    is_on,
    reauthenticate,
    use_code,
)

__all__ = [
    "ENROLMENT_SECONDS",
    "InvalidMfaCode",
    "MfaOff",
    "MfaOn",
    "MfaRequired",
    "NoEnrolment",
    "ReauthenticationUnavailable",
    "add_passkey",
    "check_second_factor",
    "confirm_totp",
    "is_on",
    "make_recovery_codes",
    "reauthenticate",
    "remove_all",
    "remove_passkey",
    "rename_passkey",
    "start_totp",
    "totp_state",
    "turn_totp_off",
    "turn_totp_on",
    "use_code",
]
