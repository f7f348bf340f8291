"""What `manage.py check` refuses."""

import pytest

from huntaze import checks
from huntaze.settings import DEFAULT_SECRET_KEY

REAL = {
    "HUNTAZE_EMBEDDED": False,
    "REDIS_URL": "redis://valkey.internal:6379",
    "AUTH_TOKEN_KEYS": ["k1:secret"],
    "EMAIL_URL": "smtps://mail.internal",
    "ENCRYPTION_KEYS": ["k1:secret"],
    "AUDIT_SIGNING_KEYS": ["k1:secret"],
    "SECURE": True,
    "LOCAL_AI_URL": "",
    "DEBUG": False,
    "SECRET_KEY": "a-real-key",
}


def faults(settings, **changes) -> list[str]:
    for name, value in (REAL | changes).items():
        setattr(settings, name, value)
    return [error.id for error in checks.deployment_is_real(None)]


def test_real_deployment_passes(settings):
    assert faults(settings) == []


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("HUNTAZE_EMBEDDED", True, "huntaze.E010"),
        ("SECRET_KEY", DEFAULT_SECRET_KEY, "huntaze.E011"),
        ("DEBUG", True, "huntaze.E012"),
        ("REDIS_URL", "", "huntaze.E013"),
        ("AUTH_TOKEN_KEYS", [], "huntaze.E014"),
        ("SECURE", False, "huntaze.E015"),
        ("LOCAL_AI_URL", "http://127.0.0.1:9", "huntaze.E016"),
        ("ENCRYPTION_KEYS", [], "huntaze.E017"),
        ("AUDIT_SIGNING_KEYS", [], "huntaze.E018"),
        ("EMAIL_URL", "", "huntaze.E019"),
        ("EMAIL_URL", "console:", "huntaze.E019"),
        ("EMAIL_URL", "file:///var/mail", "huntaze.E019"),
    ],
)
def test_part_that_is_for_trying_is_refused_in_production(settings, name, value, id):
    assert faults(settings, **{name: value}) == [id]


def test_command_that_needs_the_database_says_how_to_get_one(settings):
    settings.DATABASE_URL = ""
    assert [error.id for error in checks.database_is_configured(None, ["default"])] == ["huntaze.E001"]
