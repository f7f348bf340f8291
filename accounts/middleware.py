"""What the account pages and the admin do around each request: the live browser session, the language, the time zone."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import SESSION_KEY as PERSON_KEY
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from requests import RequestException

from accounts import services
from accounts.browsers import SESSION_KEY, session_id_of
from huntaze import context
from huntaze.api.errors import is_page
from huntaze.api.middleware import PAGE_POLICY

__all__ = ["SESSION_KEY", "PageMiddleware"]

log = logging.getLogger(__name__)

ACCOUNTS, ADMIN = "/accounts/", "/admin/"
PROVIDER_ORIGINS = {
    "google": "https://accounts.google.com",
    "tiktok": "https://www.tiktok.com",
    "facebook": "https://www.facebook.com",
}


class PageMiddleware:
    """Let a browser in as long as its Session is live, and answer in the reader's language; the API's requests pass untouched.

    Needs Django's AuthenticationMiddleware before it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        if request.path_info.startswith("/api/"):
            return self.get_response(request)
        if is_page(request.path_info):
            _admit(request)
        language = translation.get_language_from_request(request)
        with translation.override(language), timezone.override(_time_zone(request)):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language",))
        if request.path_info.startswith(ACCOUNTS):
            response.setdefault("Content-Security-Policy", _policy())
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Say that the provider did not let anybody in, where it does not answer or answers nonsense."""
        if not (request.path_info.startswith(ACCOUNTS) and isinstance(exception, RequestException)):
            return None
        log.warning("A provider that people sign in with does not answer: %s", exception)
        return redirect("socialaccount_login_error")


def _admit(request: HttpRequest) -> None:
    """Make the person the actor, or sign the browser out where its session has ended or its person is suspended or deleted."""
    user_id = request.session.get(PERSON_KEY)
    if user_id is None:
        return
    session_id = session_id_of(request)
    if session_id is not None and services.use_browser_session(session_id=session_id, user_id=user_id):
        context.current().actor_id = UUID(user_id)
    else:
        logout(request)


def _time_zone(request: HttpRequest) -> ZoneInfo:
    path = request.path_info
    if is_page(path) and not path.startswith(ADMIN) and request.session.get(PERSON_KEY):
        return ZoneInfo(getattr(request.user, "timezone", "") or "UTC")
    return ZoneInfo("UTC")


def _policy() -> str:
    return _policy_for(tuple(settings.CLIENT_REDIRECT_URIS), tuple(settings.SOCIALACCOUNT_PROVIDERS))


@cache
def _policy_for(client_addresses: tuple[str, ...], providers: tuple[str, ...]) -> str:
    """Return the pages' policy: browsers hold a form's redirects to `form-action`, so providers and apps are named in it."""
    apps: Any = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    oidc = [app["settings"] for app in apps]
    addresses = [*client_addresses, *(app.get("authorize_origin") or app["server_url"] for app in oidc)]
    known = [PROVIDER_ORIGINS[name] for name in providers if name in PROVIDER_ORIGINS]
    origins = sorted({*known, *(_origin(address) for address in addresses)})
    return PAGE_POLICY.replace("form-action 'self'", " ".join(["form-action 'self'", *origins]))


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
