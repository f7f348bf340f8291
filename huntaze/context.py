"""Who acts, and in which request: what audit entries and log lines say about the present moment."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from uuid_utils.compat import uuid7


@dataclass
class RequestContext:
    """The request, command or task in progress; outside of one, all fields are empty.

    `actor_kind` is a value of `huntaze.models.ActorKind`. `via` names the door: `api`, `admin`, `page`, or the command's or task's
    name. `credential_id` is the id of the session or API key that the actor shows. `impersonated_by` is the member of staff who
    acts as `actor_id`.
    """

    request_id: str = ""
    address: str | None = None
    user_agent: str = ""
    actor_kind: str = "system"
    actor_id: UUID | None = None
    credential_id: UUID | None = None
    impersonated_by: UUID | None = None
    via: str = ""
    workspace_id: UUID | None = None


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def current() -> RequestContext:
    """Return the context of the request in progress, or an empty one."""
    return _current.get() or RequestContext()


def begin(context: RequestContext) -> None:
    """Make `context` the present one for this thread, greenlet or task."""
    _current.set(context)


def begin_command(name: str) -> None:
    """Make the management command `name` the actor of all that this process does; its entries share one request id."""
    begin(RequestContext(request_id=str(uuid7()), actor_kind="command", via=name))


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
            now = current()
            now.actor_kind, now.actor_id = "staff", request.user.pk
