"""Browser sessions: what the cookie of the account pages and the admin stands for."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Session, SessionKind, User
from accounts.services.sessions import MAXIMUM_USER_AGENT_LENGTH, tell_of_new_device
from huntaze import audit, context

NOTED_EVERY = timedelta(minutes=1)


def open_browser_session(*, user: User, user_agent: str = "") -> UUID:
    """Make the row of a browser that has just signed in, and return its id; audited, and told by e-mail when the device is new."""
    with transaction.atomic():
        session = Session.objects.create(
            kind=SessionKind.BROWSER,
            user=user,
            user_agent=user_agent[:MAXIMUM_USER_AGENT_LENGTH],
            address=context.current().address or None,
        )
        audit.record("session.start", workspace_id=user.default_workspace_id, subject_id=session.id, actor_id=user.id)
        tell_of_new_device(session)
    return session.id


def use_browser_session(*, session_id: UUID | str, user_id: UUID | str) -> bool:
    """Return whether the browser's session is live and its person active; makes one query, and notes the use once a minute."""
    rows = Session.objects.filter(id=session_id, kind=SessionKind.BROWSER, user_id=user_id, revoked_at=None, user__is_active=True)
    last_used_at = rows.values_list("last_used_at", flat=True).first()
    if last_used_at is None:
        return False
    if timezone.now() - last_used_at > NOTED_EVERY:
        Session.objects.filter(id=session_id).update(last_used_at=Now())
    return True


def is_recently_proved(*, session_id: UUID | None) -> bool:
    """Return whether the person of the browser's session proved within `REAUTHENTICATION_WINDOW` who they are."""
    since = Now() - settings.REAUTHENTICATION_WINDOW
    live = Session.objects.filter(revoked_at=None, authenticated_at__gt=since)
    return session_id is not None and live.filter(id=session_id).exists()


def renew_browser_session(*, session_id: UUID | str) -> None:
    """Note that the person has just proved again who they are."""
    Session.objects.filter(id=session_id, revoked_at=None).update(authenticated_at=Now(), last_used_at=Now())
