"""Who acts, and in which request: what audit entries and log lines say about the present moment."""

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


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
