"""Fixtures that every test may use."""

import pytest

from huntaze import valkey

pytest_plugins = ["accounts.tests.fixtures", "ai.tests.fixtures", "huntaze.tests.processes"]


@pytest.fixture(autouse=True)
def _empty_valkey():
    """Start each test without counters and streams."""
    valkey.connection().flushdb()


@pytest.fixture
def workspace(owner):
    """Return the owner's workspace."""
    return owner.default_workspace


@pytest.fixture
def stranger_workspace(stranger):
    """Return the stranger's workspace."""
    return stranger.default_workspace
