"""The admin's door: staff come in with a second factor, where the setting asks for it."""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.services import mfa


class SecondFactorMiddleware:
    """Keep staff out of the admin, where `ADMIN_REQUIRES_MFA` is on, until this browser has shown a second factor.

    A browser that signed in before there was one is asked for it too. Needs the middleware of messages and of allauth before it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Send to the pages of the second factor whoever has not shown one; signing out is open."""
        match = request.resolver_match
        if not settings.ADMIN_REQUIRES_MFA or match is None or match.app_name != "admin" or match.url_name == "logout":
            return None
        if not request.user.is_authenticated or not request.user.is_staff or _has_shown_one(request):
            return None  # who is no member of staff is refused by the admin itself
        if not mfa.is_on(request.user.pk):
            messages.warning(request, _("The admin asks for a second factor: add one, then go there again."))
            return redirect("mfa_index")
        method = get_adapter().get_reauthentication_methods(request.user)[0]
        return HttpResponseRedirect(f"{method['url']}?{urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})}")


def _has_shown_one(request: HttpRequest) -> bool:
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))
