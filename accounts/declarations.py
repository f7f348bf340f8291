"""What the tables of Django and allauth know about people; ours say it beside their models."""

from collections.abc import Iterator

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session as BrowserCookie

from huntaze import personal
from huntaze.personal import SECRET, WITH_ROW, Subject, kept, replaced


def cookies_of(subject: Subject) -> Iterator[str]:
    """Yield the keys of the browser sessions that the person is signed in to: their words are packed, so all are looked at."""
    for cookie in BrowserCookie.objects.iterator():
        if cookie.get_decoded().get("_auth_user_id") == str(subject.person_id):
            yield cookie.session_key


personal.declare(EmailAddress, person="user", fields={"email": WITH_ROW})
personal.declare(EmailConfirmation, person="email_address__user", fields={"key": SECRET})
personal.declare(SocialAccount, person="user", fields={"provider": WITH_ROW, "uid": WITH_ROW, "extra_data": WITH_ROW})
personal.declare(SocialToken, person="account__user", fields={"token": SECRET, "token_secret": SECRET})
personal.declare(Authenticator, person="user", fields={"type": WITH_ROW, "data": SECRET})
personal.declare(BrowserCookie, find=cookies_of, fields={"session_key": SECRET, "session_data": SECRET}, exported=False)
personal.declare(
    LogEntry,
    author="user",
    about="object_id",
    fields={"object_id": kept("An id."), "object_repr": replaced(), "change_message": replaced()},
)
personal.declare_impersonal(
    ContentType, Permission, Group, Group.permissions.through, reason="Names of the product's own tables and of rights."
)
personal.declare_impersonal(SocialApp, reason="How this installation is known to the providers.")
