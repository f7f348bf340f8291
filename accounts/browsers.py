"""Which Session a browser's cookie stands for."""

from uuid import UUID

from django.http import HttpRequest

SESSION_KEY = "huntaze_session"  # where the cookie's data keep the id of the Session
INVITATION_KEY = "huntaze_invitation"  # and there, until it is accepted, by which hash an invitation is found whose link was opened


def session_id_of(request: HttpRequest) -> UUID | None:
    """Return the id of the browser's Session; None where nobody is signed in."""
    text = request.session.get(SESSION_KEY)
    return UUID(text) if text else None
