"""Letting apps in: a browser sign-in hands a one-time code to an app's registered address, and the app exchanges it for tokens."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import AuthorizationCode, RevokedReason, Session
from accounts.services.sessions import SignedIn, open_session, sign_out
from huntaze import audit
from huntaze.api.errors import Problem

CODE_LIFETIME = timedelta(seconds=60)
KEPT_FOR = timedelta(days=1)  # so that a second use is known for what it is


class InvalidCode(Problem):
    status = 401
    code = "invalid_code"
    title = _("The code is not valid, was used or has expired, or this app did not ask for it. Sign in again.")


def is_registered(redirect_uri: str) -> bool:
    """Return whether codes may be handed to this address: it stands, character for character, in `CLIENT_REDIRECT_URIS`."""
    return redirect_uri in settings.CLIENT_REDIRECT_URIS


def issue_code(*, session_id: UUID, redirect_uri: str, code_challenge: str) -> str:
    """Return a new one-time code for the person of a live browser session; it lives for `CODE_LIFETIME`. Audited.

    `code_challenge` is the app's PKCE challenge by S256. Forgets codes that expired a day ago. Raises ValueError for an address
    that is not registered.
    """
    if not is_registered(redirect_uri):
        raise ValueError(redirect_uri)
    session = Session.objects.select_related("user").get(id=session_id, revoked_at=None)
    code = secrets.token_urlsafe(32)
    AuthorizationCode.objects.filter(expires_at__lt=Now() - KEPT_FOR).delete()
    with transaction.atomic():
        row = AuthorizationCode.objects.create(
            user_id=session.user_id,
            code_hash=_hash(code),
            code_challenge=code_challenge,
            redirect_uri=redirect_uri,
            authenticated_at=session.authenticated_at,
            expires_at=Now() + CODE_LIFETIME,
        )
        workspace_id = session.user.default_workspace_id
        audit.record("authorization_code.create", workspace_id=workspace_id, subject_id=row.id, actor_id=session.user_id)
    return code


def exchange_code(*, code: str, code_verifier: str, redirect_uri: str | None = None, user_agent: str = "") -> SignedIn:
    """Open a session for the person whose browser sign-in made `code`, and return its tokens; audited.

    Any presentation uses the code up. A second one ends the session that the first one opened, since one of the two was a
    thief's. Raises InvalidCode, the same for every fault.
    """
    signed_in = None
    with transaction.atomic():
        row = _lock(code)
        if row is None:
            raise InvalidCode
        if row.used_at is not None:
            if row.session_id:
                sign_out(session_id=row.session_id, reason=RevokedReason.CODE_REUSED)
        else:
            if _is_good(row, code_verifier, redirect_uri):
                signed_in = open_session(user=row.user, user_agent=user_agent)
                row.session_id = signed_in.principal.session_id
                Session.objects.filter(id=row.session_id).update(authenticated_at=row.authenticated_at)
            AuthorizationCode.objects.filter(id=row.id).update(used_at=Now(), session_id=row.session_id)
    if signed_in is None:
        raise InvalidCode
    return signed_in


def _lock(code: str) -> Any:
    """Return the stored code with its row locked and `expired` by the database's clock, or None."""
    rows = AuthorizationCode.objects.select_for_update(of=("self",)).select_related("user")
    expired = models.ExpressionWrapper(models.Q(expires_at__lte=Now()), models.BooleanField())
    return rows.annotate(expired=expired).filter(code_hash=_hash(code)).first()


def _is_good(row: Any, code_verifier: str, redirect_uri: str | None) -> bool:
    challenge = urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
    return (
        not row.expired
        and row.user.is_active
        and is_registered(row.redirect_uri)
        and redirect_uri in (None, row.redirect_uri)
        and hmac.compare_digest(challenge, row.code_challenge)
    )


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
