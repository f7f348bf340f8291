"""Who may do what: the one table of roles, and the permission class that asks it before every call.

A scope is `resource:read` or `resource:write`; each view says which resource it is, and its method says the rest. A role holds
the scopes of its row; an API key holds those that it was given, as far as its maker's role has them at that moment.
`docs/roles.md` shows the table.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import MemberRole, Role
from huntaze.api.errors import Forbidden, Problem

# What each role may do with each resource: r for reading, w for writing.
TABLE: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "account": {"owner": "rw", "manager": "rw", "editor": "rw", "chatter": "rw", "analyst": "rw"},
        "workspaces": {"owner": "rw", "manager": "rw", "editor": "r", "chatter": "r", "analyst": "r"},
        "ownership": {"owner": "rw", "manager": "", "editor": "", "chatter": "", "analyst": ""},
        "members": {"owner": "rw", "manager": "rw", "editor": "r", "chatter": "r", "analyst": "r"},
        "api_keys": {"owner": "rw", "manager": "rw", "editor": "", "chatter": "", "analyst": ""},
        "audit_log": {"owner": "r", "manager": "r", "editor": "", "chatter": "", "analyst": ""},
        "assets": {"owner": "rw", "manager": "rw", "editor": "rw", "chatter": "r", "analyst": "r"},
        "ai_config": {"owner": "rw", "manager": "rw", "editor": "r", "chatter": "r", "analyst": ""},
        "budgets": {"owner": "rw", "manager": "rw", "editor": "", "chatter": "", "analyst": ""},
        "generations": {"owner": "rw", "manager": "rw", "editor": "rw", "chatter": "rw", "analyst": "r"},
    }
)
# What belongs to the installation and to no workspace: staff's, in person, whatever their role in a workspace.
STAFF_SCOPES = frozenset({"installation:read", "installation:write"})
# What a person must do in person: no key is given these.
NEVER_BY_KEY = frozenset({"account:write", "ownership:read", "ownership:write"})
_VERBS = {"r": "read", "w": "write"}


def _scopes_of(role: str) -> frozenset[str]:
    return frozenset(f"{resource}:{_VERBS[letter]}" for resource, row in TABLE.items() for letter in row[role])


SCOPES: Mapping[str, frozenset[str]] = MappingProxyType({role: _scopes_of(role) for role in MemberRole.values})
KEY_SCOPES: tuple[str, ...] = tuple(sorted(frozenset[str]().union(*SCOPES.values()) - NEVER_BY_KEY))


class InsufficientScope(Problem):
    status = 403
    code = "insufficient_scope"
    title = gettext_lazy("This API key does not have the scope for it.")


class ReauthenticationRequired(Problem):
    status = 403
    code = "reauthentication_required"
    title = gettext_lazy("Prove again who you are.")


class Holder(Protocol):
    """Whoever calls, as far as permission goes; `key_scopes` is None for a person, `authenticated_at` for a key."""

    @property
    def role(self) -> str: ...

    @property
    def workspace_role(self) -> str: ...

    @property
    def key_scopes(self) -> frozenset[str] | None: ...

    @property
    def authenticated_at(self) -> datetime | None: ...


def require_scope(caller: Holder, scope: str) -> None:
    """Raise Forbidden when the caller's role does not hold `scope`, InsufficientScope when their key does not."""
    held = STAFF_SCOPES if caller.role == Role.ADMIN else frozenset[str]()
    if scope not in SCOPES[caller.workspace_role] | held and (caller.key_scopes is None or scope not in STAFF_SCOPES):
        raise Forbidden
    if caller.key_scopes is not None and scope not in caller.key_scopes:
        raise InsufficientScope(_("The scope `%(scope)s` is needed.") % {"scope": scope}, scope=scope)


def require_recent_sign_in(caller: Holder) -> None:
    """Raise ReauthenticationRequired unless the caller proved who they are within `REAUTHENTICATION_WINDOW`; a key never did."""
    window: timedelta = settings.REAUTHENTICATION_WINDOW
    if caller.authenticated_at is None or timezone.now() - caller.authenticated_at > window:
        raise ReauthenticationRequired(_("This asks for a sign-in, or a call of /auth/reauthenticate, of the last minutes."))


class MayCall(BasePermission):
    """The default permission of every view: a caller, a method that it takes, the call's scope and, where it asks, a recent sign-in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether anybody calls at all; raises MethodNotAllowed, Forbidden, InsufficientScope or ReauthenticationRequired."""
        caller: Any = request.user
        if caller is None:
            return False
        if request.method not in view.allowed_methods:  # before the scope: no role makes the address take it
            raise MethodNotAllowed(str(request.method))
        require_scope(caller, view.scope)
        if request.method in view.requires_recent_sign_in:
            require_recent_sign_in(caller)
        return True
