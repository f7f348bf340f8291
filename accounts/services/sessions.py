"""Letting people in and out: sessions and their tokens."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, models, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts import queries, tokens
from accounts.models import RefreshToken, RevokedReason, Session, User
from accounts.queries import Principal
from huntaze import audit, context, events
from huntaze.api.errors import Problem

MAXIMUM_USER_AGENT_LENGTH = 400


class InvalidCredentials(Problem):
    status = 401
    code = "invalid_credentials"
    title = _("The e-mail address or the password is wrong.")


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


def sign_in(*, email: str, password: str, user_agent: str = "") -> SignedIn:
    """Open a session for the live account with this address; raises InvalidCredentials, after the same work whichever is wrong."""
    user = User.objects.filter(is_active=True).with_email(email).first()
    if not connection.in_atomic_block:
        connection.close()  # hashes queue for the cores; those that wait must not hold the pool's connections
    if user is None:
        make_password(password)
        raise InvalidCredentials
    if not user.check_password(password):
        raise InvalidCredentials
    return open_session(user=user, user_agent=user_agent)


def open_session(*, user: User, user_agent: str = "") -> SignedIn:
    """Make a session with its first tokens, without asking for a password; audited."""
    refresh_token = tokens.new_refresh_token()
    with transaction.atomic():
        session = Session.objects.create(
            user=user, user_agent=user_agent[:MAXIMUM_USER_AGENT_LENGTH], address=context.current().address or None
        )
        _store_refresh_token(refresh_token, session_id=session.id)
        audit.record("session.start", workspace_id=user.default_workspace_id, subject_id=session.id, actor_id=user.id)
    return _signed_in(session.id, refresh_token)


def refresh(*, refresh_token: str) -> SignedIn:
    """Replace a refresh token by its successor and sign a new access token.

    Concurrent calls, and a repeat within `REFRESH_REPEAT_WINDOW` while the successor is unused, get the same successor. Any
    other second use ends the session at once, is audited, emits `session.revoked` and raises RefreshTokenReused.
    Raises InvalidRefreshToken for a token that is unknown or expired, or whose session has ended.
    """
    with transaction.atomic():
        parent = _lock(refresh_token)
        if parent is None or not parent.session.user.is_active:
            raise InvalidRefreshToken
        successor = _successor(parent, refresh_token)
        if successor is None:
            _end(parent.session, reason=RevokedReason.REFRESH_TOKEN_REUSED)
    if successor is None:
        raise RefreshTokenReused
    return _signed_in(parent.session_id, successor)


def sign_out(*, session_id: UUID) -> None:
    """End the session: its tokens stop working at once. Audited; does nothing when it has ended."""
    _end_sessions(Session.objects.filter(id=session_id), reason=RevokedReason.SIGNED_OUT)


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
