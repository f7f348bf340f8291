"""How apps sign people in through a browser: the page that hands out one-time codes, and the operations that apps call."""

import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.browsers import session_id_of
from accounts.serializers.auth import TokensSerializer
from accounts.serializers.oauth import CodeSerializer, ProvidersSerializer
from accounts.views.auth import Door, _answer, user_agent
from huntaze.api.serializers import read

PENDING_KEY = "huntaze_authorize"  # the request that sent an anonymous browser to sign in
MAXIMUM_STATE_LENGTH = 512
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class RedirectToApp(HttpResponseRedirect):
    """A redirect to a registered address, whose scheme may be an app's own."""

    def __init__(self, address: str) -> None:
        self.allowed_schemes = [urlsplit(address).scheme]
        super().__init__(address)


@never_cache
@login_not_required  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """Hand a one-time code to the app at `redirect_uri`, once the person has signed in.

    A person who was signed in before is asked first, so that no page can have a code made behind their back.
    """
    query = request.GET
    fault = _fault(query)
    if fault:
        return render(request, "account/authorize_error.html", {"fault": fault}, status=400)
    address = request.get_full_path()
    if request.POST.get("action") == "switch":
        logout(request)
    session_id = session_id_of(request)
    if session_id is None:
        request.session[PENDING_KEY] = address
        return HttpResponseRedirect(_sign_in_address(request, query.get("provider", ""), address))
    if request.method != "POST" and request.session.get(PENDING_KEY) != address:
        return render(request, "account/authorize.html", {"app": _name(query["redirect_uri"])})
    request.session.pop(PENDING_KEY, None)
    code = services.issue_code(session_id=session_id, redirect_uri=query["redirect_uri"], code_challenge=query["code_challenge"])
    return RedirectToApp(_with_query(query["redirect_uri"], code=code, state=query["state"]))


class ExchangeCode(Door):
    serializer_class = CodeSerializer

    @extend_schema(operation_id="auth_oauth_token", auth=[], request=CodeSerializer, responses={200: TokensSerializer})
    def post(self, request: Request) -> Response:
        """Exchange the one-time code of a browser sign-in for tokens.

        The code lives for a minute and is good for one presentation: a second one answers 401 `invalid_code`, like every other
        fault, and ends the session that the first one opened.
        """
        return _answer(services.exchange_code(**read(self.serializer_class, request.data), user_agent=user_agent(request)))


class Providers(Door):
    serializer_class = ProvidersSerializer

    @extend_schema(operation_id="auth_providers", auth=[], responses={200: ProvidersSerializer})
    def get(self, request: Request) -> Response:
        """List the providers that people may sign in with; a browser that opens `url` starts there."""
        found = [
            {"id": _id(provider), "name": provider.name, "url": _start(request._request, provider)} for provider in _providers(request)
        ]
        return Response({"data": found, "has_more": False, "next_cursor": None})


def _fault(query: Any) -> str:
    """Return what is wrong with an app's request, or nothing; nothing of it is redirected anywhere before it is right."""
    if not services.is_registered(query.get("redirect_uri", "")):
        return _("The address that the app wants the answer at is not registered in CLIENT_REDIRECT_URIS.")
    if query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
        return _("The app must send a PKCE code_challenge, with the code_challenge_method S256.")
    if not 0 < len(query.get("state", "")) <= MAXIMUM_STATE_LENGTH:
        return _("The app must send a state of its own, of up to 512 characters.")
    if query.get("provider") and query["provider"] not in {_id(provider) for provider in _providers(None)}:
        return _("The app wants to sign you in with a provider that is not offered here.")
    return ""


def _sign_in_address(request: HttpRequest, provider_id: str, next_address: str) -> str:
    start = next((_start(request, provider) for provider in _providers(None) if _id(provider) == provider_id), resolve_url("account_login"))
    return f"{start}?{urlencode({'next': next_address})}"


def _providers(request: Any) -> list[Any]:
    return list(get_adapter().list_providers(request))


def _id(provider: Any) -> str:
    return str(provider.app.provider_id or provider.id)


def _start(request: Any, provider: Any) -> str:
    return f"{settings.HUNTAZE_URL}{provider.get_login_url(request)}"


def _name(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    return parts.netloc or parts.scheme


def _with_query(address: str, **values: str) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(values)}"
