"""Making accounts, and letting people in and out."""

from accounts.services.people import EmailTaken, create_account, edit_user
from accounts.services.sessions import (
    InvalidCredentials,
    InvalidRefreshToken,
    RefreshTokenReused,
    SignedIn,
    end_session,
    end_sessions,
    open_session,
    refresh,
    sign_in,
    sign_out,
)
from accounts.services.signup import sign_up

__all__ = [
    "EmailTaken",
    "InvalidCredentials",
    "InvalidRefreshToken",
    "RefreshTokenReused",
    "SignedIn",
    "create_account",
    "edit_user",
    "end_session",
    "end_sessions",
    "open_session",
    "refresh",
    "sign_in",
    "sign_out",
    "sign_up",
]
