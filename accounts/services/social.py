"""Accounts of people who come through a provider, and what links them."""

import hashlib
from typing import Any, Literal

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services.challenges import InvalidEmailToken
from accounts.services.people import EmailTaken, create_account
from huntaze import audit, mail

SALT = "huntaze.social_sign_up"
LIFETIME_SECONDS = 3600
PAGE = "/accounts/verify-sign-up/{token}/"


def open_social_account(*, account: SocialAccount, email: str, name: str, language: str) -> User:
    """Make the account of a person whose address is known to be theirs, who accepts the terms in force, and link `account` to it.

    Audited. Raises EmailTaken.
    """
    now = timezone.now()
    accepted: dict[str, Any] = {"terms_version": settings.TERMS_VERSION, "terms_accepted_at": now, "declared_adult_at": now}
    with transaction.atomic():
        user = create_account(email=email, password=None, name=name, language=language, email_verified=True, **accepted)
        account.user = user
        account.save()
        note_social_account(account=account, action="link")
    return user


def request_social_sign_up(*, account: SocialAccount, email: str, name: str, language: str, browser: str) -> None:
    """Send a link to an address that the provider does not vouch for; nothing where it has an account.

    The link is a signed note of what the account will be made of, and opens it only in the browser that knows the secret `browser`:
    whoever gets a link that somebody else asked for cannot make an account that the other can enter.
    """
    if User.objects.with_email(email).exists():
        return
    values = [account.provider, account.uid, email.lower(), name, language, _digest(browser)]
    context = {
        "name": name,
        "provider": account.provider,
        "link": settings.HUNTAZE_URL + PAGE.format(token=signing.dumps(values, salt=SALT)),
    }
    mail.send(to=email, template="accounts/mail/social_sign_up", language=language, context=context)


def finish_social_sign_up(*, token: str, browser: str) -> User:
    """Make the account that a link of `request_social_sign_up` names, in the browser that asked for it; audited.

    Raises InvalidEmailToken for a link that is altered, old, used or of another browser.
    """
    try:
        provider, uid, email, name, language, digest = signing.loads(token, salt=SALT, max_age=LIFETIME_SECONDS)
    except signing.BadSignature:
        raise InvalidEmailToken from None
    if digest != _digest(browser):
        raise InvalidEmailToken
    try:
        return open_social_account(account=SocialAccount(provider=provider, uid=uid), email=email, name=name, language=language)
    except (EmailTaken, IntegrityError):
        raise InvalidEmailToken from None


def note_social_account(*, account: SocialAccount, action: Literal["link", "unlink"]) -> None:
    """Audit that a person linked a provider's account, or unlinked one."""
    provider = [None, account.provider] if action == "link" else [account.provider, None]
    audit.record(
        f"social_account.{action}",
        workspace_id=account.user.default_workspace_id,
        subject_id=account.user_id,
        actor_id=account.user_id,
        changes={"provider": provider},
    )


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
