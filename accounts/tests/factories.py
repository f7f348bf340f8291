"""Accounts for tests, made through the services."""

from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Any

from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.hashers import make_password
from rest_framework.test import APIClient

from accounts import services
from accounts.models import ApiKey, MemberRole, Membership, User, Workspace
from accounts.permissions import KEY_SCOPES
from accounts.services import SignedIn, mfa
from accounts.signals import workspace_created

PASSWORD = "copper kettle on the ninth floor"
_numbers = count(1)


@cache
def _hashed_password() -> str:
    return make_password(PASSWORD)


def make_user(**fields: Any) -> User:
    """Make an account whose password is `PASSWORD`, with a workspace of its own."""
    number = next(_numbers)
    values = {"email": f"person{number}@example.com", "name": f"Person {number}", **fields}
    user = services.create_account(password=None, **values)
    user.password = _hashed_password()
    user.save(update_fields=["password"])
    return user


def make_workspace(*, owner: User | None = None, **columns: Any) -> Workspace:
    """Make one more workspace, owned by `owner`, on the default plan; `columns` are then written to its row."""
    workspace = Workspace.objects.create(name=f"Workspace {next(_numbers)}")
    if owner is not None:
        add_member(workspace, owner, MemberRole.OWNER)
    workspace_created.send(Workspace, workspace=workspace)
    workspace.refresh_from_db()
    for name, value in columns.items():
        setattr(workspace, name, value)
    workspace.save()
    return workspace


def add_member(workspace: Workspace, user: User, role: str) -> Membership:
    """Make `user` a member of `workspace`."""
    return Membership.objects.create(workspace=workspace, user=user, role=role)


def make_key(workspace: Workspace, user: User, *, scopes: Sequence[str] = KEY_SCOPES, **fields: Any) -> tuple[ApiKey, str]:
    """Make an API key of `user`, with every scope unless others are given; return it with its secret."""
    return services.create_key(workspace_id=workspace.id, user_id=user.id, name="Key", scopes=list(scopes), **fields)


def sign_in(user: User) -> SignedIn:
    """Open a session for `user`, without the cost of a password."""
    return services.open_session(user=user)


def client_of(user: User) -> APIClient:
    """Return a client of the API that is signed in as `user`."""
    return client_with(sign_in(user).access_token)


def client_with(access_token: str) -> APIClient:
    """Return a client of the API that sends this access token."""
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {access_token}")


def turn_totp_on(user: User) -> str:
    """Turn an authenticator app on by the code of now, which is thereby used up, and return its secret."""
    services.verify_email_of(user)
    secret = totp.generate_totp_secret()
    mfa.turn_totp_on(user_id=user.id, secret=secret, code=code_of(secret))
    return secret


def code_of(secret: str, *, later: int = 0) -> str:
    """Return the code that an app shows now, or `later` times 30 seconds from now."""
    now = list(totp.yield_hotp_counters_from_time())[1]
    return totp.format_hotp_value(totp.hotp_value(secret, now + later))
