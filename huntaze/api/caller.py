"""Who calls, as far as the ground needs to know; the accounts app's authentication puts it into `request.user`."""

from typing import Protocol, cast
from uuid import UUID

from rest_framework.request import Request


class Caller(Protocol):
    """A signed-in person acting in one workspace.

    `key_id` is the API key, if one is used; `daily_requests` the plan's limit, None for unlimited.
    """

    @property
    def id(self) -> UUID: ...

    @property
    def workspace_id(self) -> UUID: ...

    @property
    def key_id(self) -> UUID | None: ...

    @property
    def daily_requests(self) -> int | None: ...


def caller_of(request: Request) -> Caller | None:
    """Return who made the request, or None without a token."""
    return cast("Caller | None", request.user)
