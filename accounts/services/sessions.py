"""Letting people in and out: sessions and their tokens."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts import devices, notices, queries, tokens
from accounts.models import RefreshToken, RevokedReason, Session, User
from accounts.queries import Principal
from accounts.services.mfa import check_second_factor
from accounts.services.passwords import is_password_of
from accounts.services.people import EmailNotVerified, has_verified_email
from huntaze import audit, context, events
from huntaze.api import throttling
from huntaze.api.errors import NotFound, Problem

MAXIMUM_USER_AGENT_LENGTH = 400
KNOWN_DEVICES = 100


class InvalidCredentials(Problem):
    status = 401
    code = "invalid_credentials"
    title = _("The e-mail address or the password is wrong.")


class AccountSuspended(Problem):
    status = 403
    code = "account_suspended"
    title = _("This account is suspended.")


class InvalidRefreshToken(Problem):
    status = 401
    code = "invalid_refresh_token"
    title = _("The refresh token is not valid, or its session has ended. Sign in again.")


class RefreshTokenReused(Problem):
    status = 401
    code = "refresh_token_reused"
    title = _("This refresh token was used before, so its session was ended. Sign in again.")


@dataclass(frozen=True)
class SignedIn:
    """A session's tokens, and whose they are."""

    principal: Principal
    access_token: str
    refresh_token: str


def sign_in(*, email: str, password: str, mfa_code: str = "", user_agent: str = "") -> SignedIn:
    """Open a session for the live account with this address; raises InvalidCredentials, after the same work whichever is wrong.

    Where a second factor is on, `mfa_code` is used up; raises MfaRequired and InvalidMfaCode. Raises RateLimited when too many have
    tried this address, or the person's codes, lately.
    """
    throttling.count_attempt(email)
    user = User.objects.with_email(email).first()
    if not is_password_of(user, password) or user is None:
        raise InvalidCredentials
    # Only who knows the password is told more than that.
    if not user.is_active:
        raise AccountSuspended
    if settings.EMAIL_VERIFICATION == "mandatory" and not has_verified_email(user):
        raise EmailNotVerified
    check_second_factor(user, mfa_code)
    return open_session(user=user, user_agent=user_agent)


def open_session(*, user: User, user_agent: str = "") -> SignedIn:
    """Make a session with its first tokens, without asking for a password; audited, and told by e-mail when the device is new."""
    refresh_token = tokens.new_refresh_token()
    with transaction.atomic():
        session = Session.objects.create(
            user=user, user_agent=user_agent[:MAXIMUM_USER_AGENT_LENGTH], address=context.current().address or None
        )
        _store_refresh_token(refresh_token, session_id=session.id)
        audit.record("session.start", workspace_id=user.default_workspace_id, subject_id=session.id, actor_id=user.id)
        tell_of_new_device(session)
    return _signed_in(session.id, refresh_token)


def tell_of_new_device(session: Session) -> None:
    """Tell the person of a session that was just made, where they have had others and none from such a device."""
    others = Session.objects.filter(user_id=session.user_id).exclude(id=session.id).values_list("user_agent", flat=True).distinct()
    known = {devices.name(user_agent) for user_agent in others[:KNOWN_DEVICES]}
    device = devices.name(session.user_agent)
    if known and device not in known:
        notices.tell(user=session.user, kind="new_device", context={"device": device, "address": session.address})


def refresh(*, refresh_token: str) -> SignedIn:
    """Replace a refresh token by its successor and sign a new access token.

    Concurrent calls, and a repeat within `REFRESH_REPEAT_WINDOW` while the successor is unused, get the same successor. Any
    other second use ends the session at once, is audited, emits `session.revoked`, is told by e-mail and raises RefreshTokenReused.
    Raises InvalidRefreshToken for a token that is unknown or expired, or whose session has ended.
    """
    with transaction.atomic():
        parent = _lock(refresh_token)
        if parent is None or not parent.session.user.is_active:
            raise InvalidRefreshToken
        successor = _successor(parent, refresh_token)
        if successor is None:
            _end_reused(parent.session)
    if successor is None:
        raise RefreshTokenReused
    return _signed_in(parent.session_id, successor)


def sign_out(*, session_id: UUID, reason: RevokedReason = RevokedReason.SIGNED_OUT) -> None:
    """End the session: its tokens stop working at once. Audited; does nothing when it has ended."""
    _end_sessions(Session.objects.filter(id=session_id), reason=reason)


def sign_out_device(*, user_id: UUID, session_id: UUID) -> None:
    """End one of the person's sessions; audited. Raises NotFound for one that has ended or is not theirs."""
    if not _end_sessions(Session.objects.filter(id=session_id, user_id=user_id), reason=RevokedReason.SIGNED_OUT_ELSEWHERE):
        raise NotFound


def sign_out_everywhere(*, user_id: UUID) -> None:
    """End all of the person's sessions, each audited."""
    _end_sessions(Session.objects.filter(user_id=user_id), reason=RevokedReason.SIGNED_OUT_EVERYWHERE)


def end_sessions_but(session_id: UUID | None, *, user: User, reason: RevokedReason) -> None:
    """End the person's sessions but this one, each audited."""
    sessions = Session.objects.filter(user=user)
    _end_sessions(sessions if session_id is None else sessions.exclude(id=session_id), reason=reason)


def end_session(*, session_id: UUID, actor_id: UUID | None) -> int:
    """End a session on behalf of staff; audited. Return 1, or 0 when it had ended."""
    return _end_sessions(Session.objects.filter(id=session_id), reason=RevokedReason.ENDED_BY_STAFF, actor_id=actor_id)


def end_sessions(*, user_id: UUID, actor_id: UUID | None) -> int:
    """End all sessions of a person on behalf of staff, in one transaction, each audited; return how many there were."""
    return _end_sessions(Session.objects.filter(user_id=user_id), reason=RevokedReason.ENDED_BY_STAFF, actor_id=actor_id)


def _end_sessions(sessions: models.QuerySet[Session], *, reason: RevokedReason, actor_id: UUID | None = None) -> int:
    with transaction.atomic():
        live = list(sessions.filter(revoked_at=None).select_for_update(of=("self",)).select_related("user").order_by("id"))
        for session in live:
            _end(session, reason=reason, actor_id=actor_id)
    return len(live)


def _end_reused(session: Session) -> None:
    """End a session whose token was used twice, and tell the person; does nothing when it has ended."""
    if session.revoked_at is None:
        _end(session, reason=RevokedReason.REFRESH_TOKEN_REUSED)
        notices.tell(user=session.user, kind="refresh_token_reused", context={"device": devices.name(session.user_agent)})


def _end(session: Session, *, reason: RevokedReason, actor_id: UUID | None = None) -> None:
    """End a session whose row is locked; audits and emits `session.revoked`. Does nothing when it has ended."""
    if session.revoked_at is not None:
        return
    Session.objects.filter(id=session.id).update(revoked_at=Now(), revoked_reason=reason)
    workspace_id = session.user.default_workspace_id
    changes = {"revoked_reason": ["", reason.value]}
    audit.record("session.revoke", workspace_id=workspace_id, subject_id=session.id, actor_id=actor_id or session.user_id, changes=changes)
    data = {"user_id": str(session.user_id), "reason": reason.value}
    events.emit("session.revoked", workspace_id=workspace_id, subject_id=session.id, data=data)


def _lock(refresh_token: str) -> RefreshToken | None:
    """Return the stored token, with the row locked and `age` the time since it was rotated, on the database's clock."""
    rows = RefreshToken.objects.select_for_update(of=("self", "session")).select_related("session__user")
    aged = rows.annotate(
        age=models.ExpressionWrapper(Now() - F("rotated_at"), models.DurationField()),
        expired=models.ExpressionWrapper(models.Q(expires_at__lte=Now()), models.BooleanField()),
    )
    return aged.filter(token_hash=tokens.hash_refresh_token(refresh_token)).first()


def _successor(parent: Any, refresh_token: str) -> str | None:
    """Return what follows the locked `parent`, made now or by the call before; None when this is a reuse."""
    if parent.session.revoked_reason == RevokedReason.REFRESH_TOKEN_REUSED:
        return None
    if parent.session.revoked_at is not None:
        raise InvalidRefreshToken
    if parent.rotated_at is None:
        if parent.expired:
            raise InvalidRefreshToken
        return _rotate(parent, refresh_token)
    if parent.age > settings.REFRESH_REPEAT_WINDOW:
        return None
    unused = {bytes(child) for child in RefreshToken.objects.filter(parent=parent, rotated_at=None).values_list("token_hash", flat=True)}
    return next((token for token in tokens.refresh_token_successors(refresh_token) if tokens.hash_refresh_token(token) in unused), None)


def _rotate(parent: RefreshToken, refresh_token: str) -> str:
    tokens.signing_key()
    successor = tokens.refresh_token_successors(refresh_token)[0]
    _store_refresh_token(successor, session_id=parent.session_id, parent=parent)
    RefreshToken.objects.filter(id=parent.id).update(rotated_at=Now())
    Session.objects.filter(id=parent.session_id).update(last_used_at=Now())
    return successor


def _store_refresh_token(token: str, *, session_id: UUID, parent: RefreshToken | None = None) -> None:
    expires_at = Now() + settings.REFRESH_TOKEN_LIFETIME
    RefreshToken.objects.create(session_id=session_id, parent=parent, token_hash=tokens.hash_refresh_token(token), expires_at=expires_at)


def _signed_in(session_id: UUID, refresh_token: str) -> SignedIn:
    principal = queries.find_principal(session_id=session_id, workspace_id=None)
    if principal is None:
        raise InvalidCredentials
    return SignedIn(principal, tokens.sign_access_token(user_id=principal.id, session_id=session_id), refresh_token)
