"""Passwords, sessions and the ways to sign in."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

from huntaze.env import EnvError
from huntaze.settings.base import HUNTAZE_EMBEDDED, HUNTAZE_PROXY_COUNT, HUNTAZE_URL, SECURE, env

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
LOGIN_REDIRECT_URL = "home"
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
