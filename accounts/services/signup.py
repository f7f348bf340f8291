"""Signing up, and showing that an address is one's own."""

from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import EmailChallenge, Purpose, User
from accounts.services import challenges
from accounts.services.passwords import check_password
from accounts.services.people import EmailTaken, create_account, verify_email_of
from accounts.services.sessions import SignedIn, open_session


def sign_up(*, email: str, password: str, name: str, language: str = settings.LANGUAGE_CODE, user_agent: str = "") -> SignedIn:
    """Make a creator's account, who accepts the terms in force and says to be 18 or older, then open its first session.

    A worker mails a link to confirm the address. Raises EmailTaken, or ValidationFailed when the password is weak.
    """
    check_password(password, user=User(email=email, name=name))
    encoded = make_password(password)
    with transaction.atomic():
        user = _open_account(email=email, name=name, password=encoded, language=language, user_agent=user_agent)
        return open_session(user=user, user_agent=user_agent)


def open_account(*, email: str, password: str, name: str, language: str, user_agent: str = "") -> User:
    """Do as `sign_up` but open no session: a browser that has signed up signs in by its cookie."""
    check_password(password, user=User(email=email, name=name))
    return _open_account(email=email, name=name, password=make_password(password), language=language, user_agent=user_agent)


def request_sign_up(*, email: str, password: str, name: str, language: str, user_agent: str = "") -> None:
    """Store a sign-up until its address is confirmed; the same work whether or not the address has an account.

    A worker then mails a link that makes the account, or word that there is one. Raises ValidationFailed when the password is weak.
    """
    check_password(password, user=User(email=email, name=name))
    challenges.ask(
        purpose=Purpose.SIGN_UP,
        email=email,
        language=language,
        user_agent=user_agent,
        name=name,
        password=make_password(password),
        terms_version=settings.TERMS_VERSION,
        accepted_at=timezone.now(),
    )


def resend_verification(*, email: str, language: str, user_agent: str = "") -> None:
    """Mail the link again to an address that waits to be confirmed; the same work for one that does not."""
    challenges.ask(purpose=Purpose.VERIFY_EMAIL, email=email, language=language, user_agent=user_agent)


def verify_email(*, token: str) -> None:
    """Take an address for its person's by the token that it was mailed: make the account of a sign-up, or note it with the account.

    Signs nobody in. Audited. Raises InvalidEmailToken.
    """
    with transaction.atomic():
        challenge = challenges.take(token=token, purposes=[Purpose.SIGN_UP, Purpose.VERIFY_EMAIL])
        if challenge.purpose == Purpose.SIGN_UP:
            _finish_sign_up(challenge)
        elif challenge.user is None or challenge.user.email != challenge.email:
            raise challenges.InvalidEmailToken
        else:
            verify_email_of(challenge.user)


def _finish_sign_up(challenge: EmailChallenge) -> None:
    made_of = {name: getattr(challenge, name) for name in ("email", "name", "password", "language", "terms_version", "accepted_at")}
    try:
        _make_account(email_verified=True, **made_of)
    except EmailTaken:
        raise challenges.InvalidEmailToken from None


def _open_account(*, email: str, name: str, password: str, language: str, user_agent: str) -> User:
    accepted = {"terms_version": settings.TERMS_VERSION, "accepted_at": timezone.now()}
    with transaction.atomic():
        user = _make_account(email=email, name=name, password=password, language=language, **accepted)
        challenges.ask(purpose=Purpose.VERIFY_EMAIL, email=email, language=language, user_agent=user_agent)
    return user


def _make_account(*, password: str, accepted_at: Any, **fields: Any) -> User:
    return create_account(password=None, password_hash=password, terms_accepted_at=accepted_at, declared_adult_at=accepted_at, **fields)
