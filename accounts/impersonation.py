"""Acting as a person: what the cookie of a member of staff holds meanwhile, what they may do, and what ends it."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth import get_user
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from hijack.middleware import HijackUserMiddleware
from hijack.views import AcquireUserView

from accounts import services
from accounts.browsers import SESSION_KEY
from accounts.models import User
from huntaze import context
from huntaze.api.errors import is_page

STATE = "impersonation"
# What may be looked at, and what may be done, on behalf of a person; all else is theirs alone.
READABLE = frozenset({"account_home", "account_sessions", "account_email", "socialaccount_connections"})
WRITABLE = frozenset({"account_end_session", "account_language", "account_stop_impersonation"})


def start(request: HttpRequest, *, person: User, reason: str) -> HttpResponseBase:
    """Sign the browser of a member of staff in as `person`, and return the redirect to their pages; audited, and told to the person.

    The cookie keeps what it said before, for `stop`. Raises PermissionDenied where `HIJACK_PERMISSION_CHECK` says no.
    """
    staff: Any = request.user
    staff_id, before = staff.pk, dict(request.session.items())
    with transaction.atomic():
        services.start_impersonation(user=person, reason=reason, staff_id=staff_id)
        context.current().impersonated_by = staff_id
        request.POST = QueryDict(urlencode({"user_pk": person.pk, "next": reverse("account_sessions")}))  # where django-hijack looks
        response: HttpResponseBase = AcquireUserView.as_view()(request)
    request.session[STATE] = {
        "staff_id": str(staff_id),
        "user_id": str(person.pk),
        "session_id": request.session[SESSION_KEY],
        "ends_at": (timezone.now() + services.IMPERSONATION_LIFETIME).isoformat(),
        "before": before,
    }
    return response


def stop(request: HttpRequest, *, because: str) -> HttpResponseRedirect:
    """Sign the browser back in as the member of staff, where their session still lives; audited."""
    return _stop(request, request.session[STATE], because=because)


class ImpersonationMiddleware(HijackUserMiddleware):
    """End impersonation that is over; until then note who acts, show a banner on every page and refuse what only the person may do.

    Needs Django's AuthenticationMiddleware before it, and PageMiddleware after it. Looks at the cookie where pages have forms only.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        state = request.session.get(STATE) if is_page(request.path_info) else None
        if state is None:
            passed: HttpResponseBase = self.get_response(request)
            return passed
        because = _why_over(request, state)
        if because:
            return _stop(request, state, because=because)
        context.current().impersonated_by = UUID(state["staff_id"])
        request.impersonation_ends_at = datetime.fromisoformat(state["ends_at"])  # type: ignore[attr-defined]
        answer: HttpResponseBase = super().__call__(request)
        return answer

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Answer 403 for what is not to be done on behalf of a person."""
        if not hasattr(request, "impersonation_ends_at"):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in WRITABLE or (name in READABLE and request.method in ("GET", "HEAD")):
            return None
        return render(request, "hijack/refused.html", status=403)


def _why_over(request: HttpRequest, state: dict[str, Any]) -> str:
    """Return why impersonation ends with this request; nothing while it goes on."""
    if timezone.now() >= datetime.fromisoformat(state["ends_at"]):
        return "time_is_over"
    if not _is_live(state["before"].get(SESSION_KEY), state["staff_id"]):
        return "staff_signed_out"
    if not _is_live(state["session_id"], state["user_id"]):
        return "session_ended"
    staff = User.objects.filter(id=state["staff_id"]).first()
    if staff is None or not services.may_impersonate(hijacker=staff, hijacked=get_user(request)):
        return "not_allowed"
    return ""


def _is_live(session_id: str | None, user_id: str) -> bool:
    return session_id is not None and services.use_browser_session(session_id=session_id, user_id=user_id)


def _stop(request: HttpRequest, state: dict[str, Any], *, because: str) -> HttpResponseRedirect:
    now = context.current()
    now.actor_kind, now.actor_id, now.impersonated_by = "staff", UUID(state["staff_id"]), None
    services.stop_impersonation(
        user_id=UUID(state["user_id"]), session_id=UUID(state["session_id"]), staff_id=UUID(state["staff_id"]), because=because
    )
    request.session.flush()
    if _is_live(state["before"].get(SESSION_KEY), state["staff_id"]):
        request.session.update(state["before"])
    rotate_token(request)
    return redirect("admin:accounts_user_change", state["user_id"])
