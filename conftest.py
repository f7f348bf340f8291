"""Fixtures that every test may use."""

import hypothesis
import pytest
from django.db import connection
from django.test import override_settings

from huntaze import valkey

# A machine that is busy makes no test wrong.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

pytest_plugins = ["accounts.tests.fixtures", "ai.tests.fixtures", "huntaze.tests.processes"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let tests that commit empty the tables of the audit log and the ledger afterwards, which its triggers refuse."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in ("huntaze_auditentry", "huntaze_auditpayload", "huntaze_auditcheckpoint", "ai_ledgerentry", "ai_ledgercheckpoint"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER audit_truncate")


@pytest.fixture(scope="session", autouse=True)
def _static_files_on_demand():
    """Look static files up when they are asked for: every test client makes its middleware anew, and would read all of them."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_shadow_calls():
    """Ask the reference model only where a test wants it: by default one order in a hundred is drawn by its id."""
    with override_settings(AI_SHADOW_PERCENT=0):
        yield


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
