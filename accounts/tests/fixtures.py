"""The people of every test: the owner of a workspace, a stranger with another one, and nobody."""

import shutil
from collections.abc import Iterator

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import client_of, make_user


@pytest.fixture
def owner(db: None) -> User:
    """Return a creator with a workspace of their own."""
    return make_user(email="owner@example.com", name="Olive Owner")


@pytest.fixture
def stranger(db: None) -> User:
    """Return a creator of another workspace."""
    return make_user(email="stranger@example.com", name="Sam Stranger")


@pytest.fixture
def api(owner: User) -> APIClient:
    """Return a client signed in as the owner."""
    return client_of(owner)


@pytest.fixture
def stranger_api(stranger: User) -> APIClient:
    """Return a client signed in as the stranger."""
    return client_of(stranger)


@pytest.fixture
def anonymous() -> APIClient:
    """Return a client without a token."""
    return APIClient()


@pytest.fixture
def staff_browser(client: Client) -> Client:
    """Return a browser signed in as a member of staff with every right."""
    client.force_login(make_user(email="staff@example.com", role="admin", is_superuser=True))
    return client


@pytest.fixture
def media(settings) -> Iterator[None]:
    """Remove the files that the test leaves in the storage."""
    yield
    shutil.rmtree(settings.STORAGES["default"]["OPTIONS"]["location"], ignore_errors=True)
