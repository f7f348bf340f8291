"""System checks: what `manage.py check` and `check --deploy` refuse."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.database)
def database_is_configured(app_configs: Any, databases: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse commands that need the database where none is configured and none is running."""
    if settings.DATABASE_URL or not databases:
        return []
    hint = "Start the embedded server with `make run`, or set DATABASE_URL."
    return [Error("DATABASE_URL is not set and no embedded PostgreSQL is running.", hint=hint, id="huntaze.E001")]


@register(Tags.security, deploy=True)
def deployment_is_real(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse embedded servers, missing keys and addresses without TLS in production."""
    faults = {
        "HUNTAZE_EMBEDDED: the embedded servers are for trying and developing; set DATABASE_URL and REDIS_URL.": settings.HUNTAZE_EMBEDDED,
        "SECRET_KEY is not set.": settings.SECRET_KEY == settings.DEFAULT_SECRET_KEY,
        "DEBUG shows settings and code to anyone.": settings.DEBUG,
        "REDIS_URL is not set.": not settings.REDIS_URL,
        "AUTH_TOKEN_KEYS is not set: nobody can sign in.": not settings.AUTH_TOKEN_KEYS,
        "HUNTAZE_URL must start with https://.": not settings.SECURE,
        "LOCAL_AI_URL: the embedded model is for trying; configure a provider.": bool(settings.LOCAL_AI_URL),
        "ENCRYPTION_KEYS is not set: no secret can be kept.": not settings.ENCRYPTION_KEYS,
        "AUDIT_SIGNING_KEYS is not set: the audit log cannot be sealed.": not settings.AUDIT_SIGNING_KEYS,
        "EMAIL_URL: no mail server is set, so nobody gets an e-mail.": settings.EMAIL_URL.partition(":")[0] in ("", "console", "file"),
    }
    return [Error(text, id=f"huntaze.E{number:03}") for number, (text, faulty) in enumerate(faults.items(), start=10) if faulty]
