"""Huntaze's settings: every value that may differ between installations is read from the environment.

Here stands what Django itself, its database, queue, files and log need; each integration has a module of its own beside this one.
`docs/configuration.md` lists the variables; a test fails when one is missing there.
"""

from urllib.parse import parse_qsl, unquote, urlsplit

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from huntaze.env import EnvError
from huntaze.settings.accounts import *
from huntaze.settings.admin import *
from huntaze.settings.ai import *
from huntaze.settings.api import *
from huntaze.settings.base import *
from huntaze.settings.base import HOME_DIR, HUNTAZE_PROXY_COUNT, HUNTAZE_URL, SECURE, env
from huntaze.settings.mail import *

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "huntaze",
    "accounts",
    "billing",
    "ai",
    "content",
    # Below ours, so that our templates win over theirs.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.facebook",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.tiktok",
    "hijack",
]
MIDDLEWARE = [
    "huntaze.api.middleware.RequestMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.impersonation.ImpersonationMiddleware",
    "accounts.middleware.PageMiddleware",
    "huntaze.context.StaffMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.staff.SecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "huntaze.urls"
WSGI_APPLICATION = "huntaze.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.browsers.passkeys",
            ]
        },
    }
]


def database_from_url(url: str) -> dict[str, object]:
    """Return Django's settings for the PostgreSQL server at `url` (`postgresql://user:password@host:port/name?option=…`).

    Connections come from a pool in each process. Statements are prepared on the server from their first use
    (measured: a third of PostgreSQL's CPU time for the hot reads).
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise EnvError("DATABASE_URL", "must look like postgresql://user:password@host:port/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or 5432),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "NAME": unquote(parts.path.strip("/")),
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 5},
            "server_side_binding": True,
            "prepare_threshold": 0,
            **dict(parse_qsl(parts.query)),
        },
    }


DATABASE_POOL_SIZE = env.integer("DATABASE_POOL_SIZE", 16, minimum=1, help="Most PostgreSQL connections of one process.")
DATABASE_URL = env.text("DATABASE_URL", secret=True, help="The PostgreSQL server; without it `manage.py up` starts an embedded one.")
DATABASES = {"default": database_from_url(DATABASE_URL)} if DATABASE_URL else {}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.url(
    "REDIS_URL",
    schemes=("redis", "rediss", "unix"),
    secret=True,
    help="The Valkey or Redis server; without it `manage.py up` starts an embedded Valkey.",
)
REDIS_TIMEOUT_SECONDS = 0.25
REDIS_LONGEST_WAIT_SECONDS = 5

# What must outlive Valkey, such as the TOTP codes that were used; nothing on the hot path. The table comes with a migration.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "huntaze_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "huntaze"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2, "health_check_interval": 10}
CELERY_TASK_PUBLISH_RETRY = False
LEASE_SECONDS = env.integer("LEASE_SECONDS", 30, minimum=2, help="How long a worker may be silent before its work is taken over.")
SWEEP_SECONDS = 2
SEAL_SECONDS = 5
CELERY_BEAT_SCHEDULE = {
    "ai.sweep": {"task": "ai.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
    "ai.seal_ledger": {"task": "ai.seal_ledger", "schedule": SEAL_SECONDS, "options": {"expires": SEAL_SECONDS}},
    "ai.reap_ledger": {"task": "ai.reap_ledger", "schedule": 3600},
    "ai.watch_spending": {"task": "ai.watch_spending", "schedule": 60, "options": {"expires": 60}},
    "ai.announce_retirements": {"task": "ai.announce_retirements", "schedule": 3600},
    "ai.prove_ledger": {"task": "ai.prove_ledger", "schedule": crontab(hour="3", minute="17")},
    "huntaze.sweep_mail": {"task": "huntaze.sweep_mail", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
    "huntaze.expire_mail": {"task": "huntaze.expire_mail", "schedule": 3600},
    "accounts.sweep_challenges": {"task": "accounts.sweep_challenges", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
    "accounts.expire_challenges": {"task": "accounts.expire_challenges", "schedule": 3600},
    "accounts.expire_invitations": {"task": "accounts.expire_invitations", "schedule": 3600},
    "accounts.sweep_exports": {"task": "accounts.sweep_exports", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
    "accounts.erase_due_accounts": {"task": "accounts.erase_due_accounts", "schedule": 60, "options": {"expires": 60}},
    "billing.end_grants": {"task": "billing.end_grants", "schedule": 60, "options": {"expires": 60}},
    "huntaze.seal_audit_log": {"task": "huntaze.seal_audit_log", "schedule": SEAL_SECONDS, "options": {"expires": SEAL_SECONDS}},
    "huntaze.expire_idempotency_records": {"task": "huntaze.expire_idempotency_records", "schedule": 3600},
    "huntaze.expire_rate_counters": {"task": "huntaze.expire_rate_counters", "schedule": 3600},
}
# Every entry is an interval or a time of the day, and harmless when repeated, so beat need not remember its last runs in a file.
CELERY_BEAT_SCHEDULER = "celery.beat.Scheduler"


OUTBOUND_ALLOWED = env.items(
    "OUTBOUND_ALLOWED", help="Addresses as ip:port that requests to user-given URLs may reach besides the public Internet."
)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
TIME_ZONE = "UTC"
USE_TZ = True
MEDIA_ROOT = env.text("MEDIA_ROOT", help="Folder of people's files, shared by web and workers; without it media in HUNTAZE_HOME.")
STORAGES = {
    # Nothing here is served by its address; views decide who may read.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": MEDIA_ROOT or HOME_DIR / "media", "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_URL = "/static/"
# Files are served from the packages that hold them; a folder of collected ones is only needed behind another server.
STATIC_ROOT = env.text("STATIC_ROOT", help="Where `collectstatic` puts the pages' files for another server.") or None
WHITENOISE_USE_FINDERS = True

SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # load balancers ask over plain HTTP, by address
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HUNTAZE_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_TRUSTED_ORIGINS = [HUNTAZE_URL]
X_FRAME_OPTIONS = "DENY"

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"), help="Least severe messages that are logged.")
# Two lines for each task, of which the sweeper alone makes one every two seconds.
_CELERY_LOGGERS = {name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace")}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # One line for each call to a vendor, and for each refused request, would drown ours.
    "loggers": {"httpx2": {"level": "WARNING"}, "django.request": {"level": "ERROR"}, **_CELERY_LOGGERS},
}
