"""What every request gets: an id, the caller's address, and the headers that keep browsers honest."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from uuid_utils import uuid7

from huntaze import context
from huntaze.api import errors, throttling

HEALTH = ("/healthz", "/readyz")  # load balancers ask by address
READING = ("GET", "HEAD", "OPTIONS")
GUARDED_FORMS = "/accounts/"  # which take passwords and codes
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Answers of the API are data: a browser may do nothing with them.
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
# django-unfold's Alpine evaluates attributes and sets styles; Swagger's page sets styles.
ADMIN_POLICY = PAGE_POLICY + "; script-src 'self' 'unsafe-eval' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
DOCS_POLICY = PAGE_POLICY + "; style-src 'self' 'unsafe-inline'"


class RequestMiddleware:
    """Open the request's context and finish its answer with `X-Request-ID`, CSP and the limiter's headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request, with 400 where its Host header is not ours.

        An `X-Request-ID` of up to 64 letters, digits, dots and dashes is kept, any other replaced.
        """
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid7())
        context.begin(
            context.RequestContext(
                request_id=request_id,
                address=client_address(request),
                user_agent=request.headers.get("User-Agent", ""),
                actor_kind="person",
                via=_door(request.path_info),
            )
        )
        try:
            if request.path_info not in HEALTH:
                request.get_host()
        except DisallowedHost as error:
            response: HttpResponseBase = errors.bad_request(request, error)
        else:
            response = self.get_response(request)
        if not response.streaming and response.status_code not in (204, 304):
            response["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
        response["X-Request-ID"] = request_id
        for name, value in throttling.headers(request).items():
            response[name] = value
        response.setdefault("Content-Security-Policy", _policy(request.path_info))
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        """Answer 405 where a page without forms is sent something, and 429 where a form that takes secrets is sent too often.

        Views that need no CSRF token, which are the API's, answer for themselves.
        """
        if request.method in READING or getattr(view, "csrf_exempt", False):
            return None
        if request.path_info.startswith(GUARDED_FORMS):
            return _count_page(request)
        if request.path_info.startswith(errors.PAGES):
            return None
        return errors.problem_response(errors.MethodNotAllowed(headers={"Allow": ", ".join(READING)}))


def _count_page(request: HttpRequest) -> HttpResponse | None:
    try:
        throttling.count_page(request)
    except errors.RateLimited as refused:
        return errors.answer(request, refused)
    return None


def client_address(request: HttpRequest) -> str:
    """Return the caller's address: as many entries from the end of X-Forwarded-For are believed as there are proxies.

    An entry that is no address is not believed.
    """
    peer: str = request.META.get("REMOTE_ADDR", "")
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    believed = settings.HUNTAZE_PROXY_COUNT
    if not 0 < believed <= len(hops):
        return peer
    try:
        return str(ip_address(hops[-believed]))
    except ValueError:
        return peer


def _door(path: str) -> str:
    if path.startswith("/admin/"):
        return "admin"
    return "api" if path.startswith("/api/") else "page"


def _policy(path: str) -> str:
    if path.startswith("/admin/"):
        return ADMIN_POLICY
    if path.startswith("/api/docs/"):
        return DOCS_POLICY
    return API_POLICY if path.startswith("/api/") else PAGE_POLICY
