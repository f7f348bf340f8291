"""Who acts, and in which request: what audit entries and log lines say about the present moment."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase


@dataclass
class RequestContext:
    """The request in progress; outside of one, all fields are empty."""

    request_id: str = ""
    address: str | None = None
    actor_id: UUID | None = None
    workspace_id: UUID | None = None


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def current() -> RequestContext:
    """Return the context of the request in progress, or an empty one."""
    return _current.get() or RequestContext()


def begin(context: RequestContext) -> None:
    """Make `context` the present one for this thread, greenlet or task."""
    _current.set(context)


class StaffMiddleware:
    """Make the person whom the admin's cookie signs in the actor of all that is done there; needs Django's AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Note the actor; only in the admin, since the API's callers come by token and must not cost a look at the cookie."""
        match = request.resolver_match
        if match is not None and match.app_name == "admin" and request.user.is_authenticated:
            current().actor_id = request.user.pk
