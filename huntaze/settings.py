"""Huntaze's one settings module: every value that may differ between installations is read from the environment.

`docs/configuration.md` lists the variables; a test fails when one is missing there.
"""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from huntaze.env import EnvError, Environment

env = Environment(os.environ)
HOME_DIR = env.home

# Where this installation answers. Every link is built from HUNTAZE_URL, never from the Host header.
HUNTAZE_URL = env.url("HUNTAZE_URL", "http://127.0.0.1:8000", schemes=("http", "https"), help="Public address of this installation.")
HUNTAZE_EMBEDDED = env.flag("HUNTAZE_EMBEDDED", False, help="Set by `manage.py up`: this process belongs to its embedded run.")
HUNTAZE_HOST = env.text("HUNTAZE_HOST", "127.0.0.1", help="Address that the web server listens on.")
HUNTAZE_PORT = env.integer("HUNTAZE_PORT", 8000, minimum=1, help="Port that the web server listens on.")
WEB_WORKERS = env.integer("WEB_WORKERS", 2, minimum=1, help="Processes of the web server.")
WORKER_CONCURRENCY = env.integer("WORKER_CONCURRENCY", 8, minimum=1, help="Tasks that one worker of `manage.py up` runs at once.")
DEBUG = env.flag("DEBUG", False, help="Django's debug pages. Never in production; not needed in development.")
DEFAULT_SECRET_KEY = "insecure-only-for-commands-that-sign-nothing"
SECRET_KEY = env.text("SECRET_KEY", DEFAULT_SECRET_KEY, secret=True, help="Django's signing key.")
AUTH_TOKEN_KEYS = env.items(
    "AUTH_TOKEN_KEYS", secret=True, help="Keys of access and refresh tokens as `kid:secret,…`; the first signs, all verify."
)
ENCRYPTION_KEYS = env.items(
    "ENCRYPTION_KEYS", secret=True, help="Keys of secrets at rest as `kid:secret,…`; the first encrypts, all decrypt."
)
AUDIT_SIGNING_KEYS = env.items(
    "AUDIT_SIGNING_KEYS", secret=True, help="Keys of the audit log's checkpoints as `kid:secret,…`; the first signs, all verify."
)
ALLOWED_HOSTS = sorted(
    {
        str(urlsplit(HUNTAZE_URL).hostname),
        "127.0.0.1",
        "localhost",
        *env.items("HUNTAZE_ALLOWED_HOSTS", help="More host names that may appear in the Host header."),
    }
)
HUNTAZE_PROXY_COUNT = env.integer("HUNTAZE_PROXY_COUNT", 0, help="Reverse proxies in front whose X-Forwarded-For entries are believed.")
SECURE = HUNTAZE_URL.startswith("https://")

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
# Every entry is an interval and harmless when repeated, so beat need not remember its last runs in a file.
CELERY_BEAT_SCHEDULER = "celery.beat.Scheduler"


def mail_settings_from_url(url: str) -> dict[str, object]:
    """Return Django's settings for the mail server at `url`.

    `smtp://user:password@host:587?tls=1` (STARTTLS), `smtps://…` (TLS from the start), `anymail+postmark:?server_token=…` for a
    backend of django-anymail with its options, `file:///folder`, `console:`; without one, files in `HUNTAZE_HOME/mail`.
    """
    url = url or (HOME_DIR / "mail").as_uri()
    parts, options = urlsplit(url), dict(parse_qsl(url.partition("?")[2]))
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme == "file" and parts.path.strip("/"):
        return {"EMAIL_BACKEND": "huntaze.mail.PrivateFiles", "EMAIL_FILE_PATH": unquote(parts.path)}
    if parts.scheme in ("smtp", "smtps") and parts.hostname:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_SSL": parts.scheme == "smtps",
            "EMAIL_USE_TLS": options.get("tls") == "1",
        }
    if url.startswith("anymail+"):  # a name with an underscore is no scheme to urlsplit
        sender = url.removeprefix("anymail+").partition(":")[0].lower()
        anymail = {f"{sender}_{name}".upper(): value for name, value in options.items()}
        return {"EMAIL_BACKEND": f"anymail.backends.{sender}.EmailBackend", "ANYMAIL": anymail}
    raise EnvError(
        "EMAIL_URL", "must look like smtp://user:password@host:587?tls=1, smtps://…, anymail+amazon_ses:, file:///folder or console:"
    )


EMAIL_URL = env.text("EMAIL_URL", secret=True, help="The mail server; without it e-mails are files in HUNTAZE_HOME/mail.")
globals().update(mail_settings_from_url(EMAIL_URL))
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Huntaze <huntaze@localhost>", help="Sender of e-mails.")

OUTBOUND_ALLOWED = env.items(
    "OUTBOUND_ALLOWED", help="Addresses as ip:port that requests to user-given URLs may reach besides the public Internet."
)

AUTH_USER_MODEL = "accounts.User"
# E-mail addresses are unique among live accounts (a conditional constraint), so that a deleted one can register again.
SILENCED_SYSTEM_CHECKS = ["auth.E003", "auth.W004"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ("email", "name")}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.validators.MaximumLengthValidator"},
    {"NAME": "accounts.validators.GuessesValidator"},
    {"NAME": "accounts.validators.BreachValidator"},
]
PASSWORD_MINIMUM_SCORE = env.integer("PASSWORD_MINIMUM_SCORE", 3, help="Least score of a password by zxcvbn, 0 to 4; 0 asks for none.")
BREACH_CHECK_URL = env.url(
    "BREACH_CHECK_URL", schemes=("http", "https"), help="Service that knows leaked passwords, asked by k-anonymity; empty asks none."
)
EMAIL_VERIFICATION = env.choice(
    "EMAIL_VERIFICATION",
    "optional" if HUNTAZE_EMBEDDED else "mandatory",
    ("mandatory", "optional"),
    help="Whether an address must be confirmed before the first sign-in; the embedded run's default is optional.",
)
ADMIN_REQUIRES_MFA = env.flag(
    "ADMIN_REQUIRES_MFA", SECURE, help="Whether staff need a second factor to enter the admin; with an https:// address they do."
)
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
REFRESH_TOKEN_LIFETIME = timedelta(days=30)
REFRESH_REPEAT_WINDOW = timedelta(seconds=10)
ERASURE_DELAY_DAYS = env.integer(
    "ERASURE_DELAY_DAYS", 30, minimum=0, help="Days in which a deleted account can be restored; then it is erased."
)
EXPORT_LIFETIME = timedelta(days=env.integer("EXPORT_DAYS", 7, minimum=1, help="Days that the archive of a person's data is kept."))
REAUTHENTICATION_WINDOW = timedelta(minutes=15)
TERMS_VERSION = env.text("TERMS_VERSION", "2026-11", help="Version of the terms that a sign-up accepts.")
DEFAULT_PLAN = env.choice(
    "DEFAULT_PLAN", "free", ("free", "pro", "enterprise"), help="Plan of a workspace that no grant or subscription lifts."
)

# The account pages, by django-allauth. Its own limits are off: ours count pages too.
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account_sessions"
ALLAUTH_TRUSTED_PROXY_COUNT = HUNTAZE_PROXY_COUNT
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "accounts.forms.SignInForm", "signup": "accounts.forms.SignUpForm"}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(HUNTAZE_URL).scheme
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = EMAIL_VERIFICATION
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(REAUTHENTICATION_WINDOW.total_seconds())
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_FORMS = {"signup": "accounts.forms.ProviderSignUpForm"}
SOCIALACCOUNT_AUTO_SIGNUP = False  # the terms are accepted on a page of ours
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # by an address that is verified on both sides only: see the adapter
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
HIJACK_PERMISSION_CHECK = "accounts.services.may_impersonate"
MFA_ADAPTER = "accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {"authenticate": "accounts.views.mfa_pages.CodeForm", "reauthenticate": "accounts.views.mfa_pages.CodeAgainForm"}
MFA_RATE_LIMITS = False
MFA_TOTP_TOLERANCE = 1  # phones' clocks differ; no code counts twice, whichever of the three it is
MFA_TOTP_ISSUER = "Huntaze"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE  # browsers offer passkeys without TLS on localhost only

# Providers that people may sign in with; each is offered where its id and secret are set.
GOOGLE_CLIENT_ID = env.text("GOOGLE_CLIENT_ID", help="Client id at Google for signing in.")
GOOGLE_CLIENT_SECRET = env.text("GOOGLE_CLIENT_SECRET", secret=True, help="Client secret at Google.")
TIKTOK_CLIENT_KEY = env.text("TIKTOK_CLIENT_KEY", help="Client key at TikTok for signing in.")
TIKTOK_CLIENT_SECRET = env.text("TIKTOK_CLIENT_SECRET", secret=True, help="Client secret at TikTok.")
FACEBOOK_APP_ID = env.text("FACEBOOK_APP_ID", help="App id at Facebook for signing in.")
FACEBOOK_APP_SECRET = env.text("FACEBOOK_APP_SECRET", secret=True, help="App secret at Facebook.")
OIDC_PROVIDERS = env.items(
    "OIDC_PROVIDERS", secret=True, help="OpenID Connect providers: id, name, server, client id and client secret, joined by bars."
)


def oidc_app(entry: str) -> dict[str, object]:
    """Return allauth's description of one entry of OIDC_PROVIDERS; raises EnvError."""
    parts = [part.strip() for part in entry.split("|")]
    id, name, server, client_id, secret, *authorize_origin = parts if len(parts) in (5, 6) else [""] * 5
    if not all(parts) or not re.fullmatch(r"[a-z0-9-]+", id) or not server.startswith(("https://", "http://")):
        raise EnvError(
            "OIDC_PROVIDERS", "each must be id|name|server|client id|client secret, the id of lower-case letters, digits and dashes"
        )
    app_settings = {"server_url": server, "oauth_pkce_enabled": True, "authorize_origin": "".join(authorize_origin)}
    return {"provider_id": id, "name": name, "client_id": client_id, "secret": secret, "settings": app_settings}


def social_providers() -> dict[str, dict[str, object]]:
    """Return allauth's description of the providers that are configured."""
    google = {"APPS": [{"client_id": GOOGLE_CLIENT_ID, "secret": GOOGLE_CLIENT_SECRET}], "OAUTH_PKCE_ENABLED": True}
    found: dict[str, dict[str, object]] = {"openid_connect": {"APPS": [oidc_app(entry) for entry in OIDC_PROVIDERS]}}
    if GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET:
        found["google"] = google
    if TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET:
        found["tiktok"] = {"APPS": [{"client_id": TIKTOK_CLIENT_KEY, "secret": TIKTOK_CLIENT_SECRET}]}
    if FACEBOOK_APP_ID and FACEBOOK_APP_SECRET:
        found["facebook"] = {"APPS": [{"client_id": FACEBOOK_APP_ID, "secret": FACEBOOK_APP_SECRET}]}
    return found


SOCIALACCOUNT_PROVIDERS = social_providers()
CLIENT_REDIRECT_URIS = env.items(
    "CLIENT_REDIRECT_URIS", help="Addresses of apps that a browser sign-in may hand its one-time code to, matched exactly."
)

API_MAX_BODY_BYTES = env.integer("API_MAX_BODY_BYTES", 1_000_000, minimum=1_000, help="Largest request body of the API, in bytes.")
# What a key, a person or, for what guards secrets and money, an address may do in a minute.
API_REQUESTS_PER_MINUTE = {
    "read": env.integer("API_READS_PER_MINUTE", 600, minimum=1, help="Reads a minute of one person or API key."),
    "write": env.integer("API_WRITES_PER_MINUTE", 300, minimum=1, help="Writes a minute of one person or API key."),
    "ai": env.integer("API_AI_REQUESTS_PER_MINUTE", 60, minimum=1, help="Requests a minute that spend AI, of one person or API key."),
    "money": env.integer("API_MONEY_REQUESTS_PER_MINUTE", 30, minimum=1, help="Requests a minute about payments, of one person."),
    "auth": env.integer("API_AUTH_REQUESTS_PER_MINUTE", 30, minimum=1, help="Requests a minute to sign in and the like, of one address."),
}
API_ATTEMPTS_PER_ACCOUNT = env.integer(
    "API_ATTEMPTS_PER_ACCOUNT", 20, minimum=1, help="Guesses in 15 minutes at the password and codes of one account, from anywhere."
)
API_ANONYMOUS_REQUESTS_PER_MINUTE = env.integer(
    "API_ANONYMOUS_REQUESTS_PER_MINUTE", 60, minimum=1, help="Other requests a minute from one address without a token."
)
REQUEST_BODY_SECONDS = env.integer("REQUEST_BODY_SECONDS", 30, minimum=1, help="How long a client may take to send the body of a request.")
DATA_UPLOAD_MAX_MEMORY_SIZE = API_MAX_BODY_BYTES
CORS_ALLOWED_ORIGINS = env.items("CORS_ALLOWED_ORIGINS", help="Origins of browser apps that may call the API, as https://host,…")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "huntaze-workspace", "idempotency-key", "last-event-id", "x-request-id"]
CORS_EXPOSE_HEADERS = ["idempotent-replayed", "location", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.MayCall"],
    "DEFAULT_RENDERER_CLASSES": ["huntaze.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["huntaze.api.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "huntaze.api.pagination.KeysetPagination",
    "DEFAULT_THROTTLE_CLASSES": ["huntaze.api.throttling.RequestRateThrottle"],
    "DEFAULT_SCHEMA_CLASS": "huntaze.api.schema.OperationSchema",
    "EXCEPTION_HANDLER": "huntaze.api.errors.problem_from_exception",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Huntaze API",
    "DESCRIPTION": "The back office of a creator business.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ActorKind": "huntaze.models.ActorKind",
        "AuditDamage": "huntaze.audit.Damage",
        "GenerationKind": "ai.models.GenerationKind",
        "Plan": "accounts.models.Plan",
        "AssetStatus": "content.models.AssetStatus",
        "GenerationStatus": "ai.models.GenerationStatus",
        "InvitedRole": "accounts.models.workspaces.INVITED_ROLES",
        "MemberRole": "accounts.models.MemberRole",
        "Role": "accounts.models.Role",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "huntaze.api.schema.describe_conventions"],
}

# AI providers: the first that is configured writes; `local` is the embedded model.
OPENAI_API_KEY = env.text("OPENAI_API_KEY", secret=True, help="Key of the OpenAI API.")
OPENAI_BASE_URL = env.url("OPENAI_BASE_URL", "https://api.openai.com/v1", schemes=("http", "https"), help="Address of the OpenAI API.")
AZURE_OPENAI_ENDPOINT = env.url(
    "AZURE_OPENAI_ENDPOINT", schemes=("http", "https"), help="Azure OpenAI resource, as https://name.openai.azure.com."
)
AZURE_OPENAI_API_KEY = env.text("AZURE_OPENAI_API_KEY", secret=True, help="Key of the Azure OpenAI resource.")
AZURE_OPENAI_API_VERSION = env.text("AZURE_OPENAI_API_VERSION", help="Date of a dated Azure API; empty for the v1 API.")
ANTHROPIC_API_KEY = env.text("ANTHROPIC_API_KEY", secret=True, help="Key of the Anthropic API.")
ANTHROPIC_BASE_URL = env.url(
    "ANTHROPIC_BASE_URL", "https://api.anthropic.com", schemes=("http", "https"), help="Address of the Anthropic API, without a path."
)
AI_BASE_URL = env.url(
    "AI_BASE_URL", schemes=("http", "https"), help="Any OpenAI-compatible server (Ollama, llama.cpp, vLLM), ending in /v1."
)
AI_API_KEY = env.text("AI_API_KEY", secret=True, help="Key of the server at AI_BASE_URL, if it wants one.")
AI_MODEL = env.text("AI_MODEL", help="Name of the catalogue model that writes; empty for the configured provider's first.")
LOCAL_AI_URL = env.url("LOCAL_AI_URL", schemes=("http",), help="The embedded model's server; written by `manage.py up`.")
HUNTAZE_LOCAL_MODEL = env.text("HUNTAZE_LOCAL_MODEL", help="A GGUF file that replaces the embedded model.")
AI_CONNECT_TIMEOUT_SECONDS = env.integer(
    "AI_CONNECT_TIMEOUT_SECONDS", 5, minimum=1, help="How long a provider may take to accept a connection."
)
AI_FIRST_BYTE_TIMEOUT_SECONDS = env.integer("AI_FIRST_BYTE_TIMEOUT_SECONDS", 60, minimum=1, help="How long a provider may stay silent.")
AI_TOTAL_TIMEOUT_SECONDS = env.integer(
    "AI_TOTAL_TIMEOUT_SECONDS", 180, minimum=1, help="How long one answer of a provider may take in all."
)


def page_file(name: str) -> Callable[[object], str]:
    """Return what gives the address of one of the pages' files, for a setting that takes a function of the request."""

    def address(_request: object) -> str:
        # The web server reads this module before gevent has patched the process: what Django builds on threads must come later.
        from django.templatetags.static import static

        return static(f"huntaze/{name}")

    return address


# The brand in the admin, from light to dark as django-unfold wants it: paper, line and ink, then the accent.
UNFOLD = {
    "SITE_TITLE": "Huntaze",
    "SITE_HEADER": "Huntaze",
    "SITE_SUBHEADER": _("Back office"),
    "SITE_URL": "/api/docs/",
    "SITE_ICON": page_file("mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": page_file("mark.svg")}],
    "STYLES": [page_file("admin.css")],
    "SHOW_HISTORY": True,
    "BORDER_RADIUS": "12px",
    "COLORS": {
        "base": {
            "50": "#fbfaf7", "100": "#f3f1eb", "200": "#e4e1d9", "300": "#cfcbc1", "400": "#a3a0ad", "500": "#6d6a75",
            "600": "#4b4853", "700": "#3a3844", "800": "#2c2a35", "900": "#131218", "950": "#0c0b10",
        },
        "primary": {
            "50": "#f5f3ff", "100": "#ece8ff", "200": "#d9d1ff", "300": "#bdafff", "400": "#b9acff", "500": "#a493ff",
            "600": "#5b3df5", "700": "#4a2ee0", "800": "#3d27b8", "900": "#332393", "950": "#1f1563",
        },
        "font": {
            "subtle-light": "#6d6a75", "subtle-dark": "#a3a0ad", "default-light": "#16151d", "default-dark": "#f2f0ea",
            "important-light": "#16151d", "important-dark": "#f2f0ea",
        },
    },
}  # fmt: skip

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
