"""Signing up."""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import User
from accounts.services.people import create_account
from accounts.services.sessions import SignedIn, open_session
from huntaze.api.errors import ValidationFailed


def sign_up(*, email: str, password: str, name: str, user_agent: str = "") -> SignedIn:
    """Make a creator's account, who accepts the terms in force, then open its first session.

    Raises EmailTaken, or ValidationFailed when the password is weak.
    """
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        faults = [{"pointer": "/password", "code": str(fault.code), "detail": fault.messages[0]} for fault in error.error_list]
        raise ValidationFailed(gettext("See `errors`."), errors=faults) from None
    user = create_account(email=email, password=password, name=name, terms_version=settings.TERMS_VERSION, terms_accepted_at=timezone.now())
    return open_session(user=user, user_agent=user_agent)
