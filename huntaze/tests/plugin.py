"""Give pytest its own PostgreSQL and Valkey, and an environment that no developer's setting reaches.

Loaded by `-p huntaze.tests.plugin`, before pytest-django reads the settings.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from huntaze.embedded.parts import Part, stop_parts
from huntaze.embedded.postgres import Postgres
from huntaze.embedded.valkey import Valkey

# A crash of the machine may lose test data; a crash of the server does not.
TEST_POSTGRES_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
}
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TERM", "TMPDIR", "VIRTUAL_ENV", "COLUMNS", "CI", "DISPLAY")
KEPT_PREFIXES = ("PYTHON", "PYTEST", "COV", "HYPOTHESIS", "PLAYWRIGHT", "DJANGO_ALLOW")
STOP_SECONDS = 5


def make_home(prefix: str) -> Path:
    """Return a new folder that PostgreSQL, which as root runs as another user, can enter."""
    home = Path(tempfile.mkdtemp(prefix=prefix))
    home.chmod(0o711)
    return home


def isolate_environment(home: Path) -> None:
    """Drop every variable that a setting could be read from, and set those that the settings need."""
    for name in list(os.environ):
        if name not in KEPT_VARIABLES and not name.startswith(KEPT_PREFIXES):
            del os.environ[name]
    os.environ.update(
        HUNTAZE_HOME=str(home),
        HUNTAZE_ENV_FILE=os.devnull,
        SECRET_KEY=secrets.token_urlsafe(48),
        AUTH_TOKEN_KEYS=f"test:{secrets.token_urlsafe(48)}",
        ENCRYPTION_KEYS=f"test:{secrets.token_urlsafe(48)}",
        AUDIT_SIGNING_KEYS=f"test:{secrets.token_urlsafe(48)}",
        EMAIL_VERIFICATION="optional",
        DJANGO_SETTINGS_MODULE="huntaze.settings",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Start the servers before any settings are read; stop them and remove their data at the end, whatever happens."""
    home = make_home("huntaze-tests-")
    early_config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    isolate_environment(home)
    parts: list[Part] = []
    early_config.add_cleanup(lambda: stop_parts(parts, STOP_SECONDS))
    postgres = Postgres(home=home, log=home / "postgres.log", options=TEST_POSTGRES_OPTIONS)
    parts.append(postgres.start())
    valkey = Valkey(home=home, log=home / "valkey.log")
    parts.append(valkey.start())
    os.environ.update(DATABASE_URL=postgres.url, REDIS_URL=valkey.url)
    return (yield)
