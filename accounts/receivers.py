"""What happens when a browser signs in or out, proves again who it is, or links a provider."""

from typing import Any

from allauth.account.signals import authentication_step_completed
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.signals import social_account_added, social_account_removed
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import services
from accounts.browsers import SESSION_KEY, session_id_of
from accounts.models import User


@receiver(user_logged_in)
def open_browser_session(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Make the row of the browser's session, or renew it where the same browser signs in again."""
    session_id = session_id_of(request)
    if session_id is not None and services.use_browser_session(session_id=session_id, user_id=user.pk):
        services.renew_browser_session(session_id=session_id)
    else:
        session_id = services.open_browser_session(user=user, user_agent=request.headers.get("User-Agent", ""))
        request.session[SESSION_KEY] = str(session_id)


@receiver(user_logged_out)
def end_browser_session(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    """End the browser's session with its cookie."""
    session_id = session_id_of(request)
    if session_id is not None:
        services.sign_out(session_id=session_id)


@receiver(authentication_step_completed)
def note_proof(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    """Renew the session of a signed-in browser whose person has proved again who they are."""
    session_id = session_id_of(request)
    if kwargs.get("reauthenticated") and session_id is not None:
        services.renew_browser_session(session_id=session_id)


@receiver(social_account_added)
def note_link(sender: Any, sociallogin: SocialLogin, **kwargs: Any) -> None:
    """Note that a person linked a provider's account."""
    services.note_social_account(account=sociallogin.account, action="link")


@receiver(social_account_removed)
def note_unlink(sender: Any, socialaccount: SocialAccount, **kwargs: Any) -> None:
    """Note that a person unlinked a provider's account."""
    services.note_social_account(account=socialaccount, action="unlink")
