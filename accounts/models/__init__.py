"""People, the workspaces they own or belong to, and the sessions through which they come in."""

from accounts.models.people import EMAIL_CONSTRAINT, Role, User
from accounts.models.sessions import RefreshToken, RevokedReason, Session, SessionKind
from accounts.models.workspaces import MemberRole, Membership, Plan, PlanSource, Workspace

__all__ = [
    "EMAIL_CONSTRAINT",
    "MemberRole",
    "Membership",
    "Plan",
    "PlanSource",
    "RefreshToken",
    "RevokedReason",
    "Role",
    "Session",
    "SessionKind",
    "User",
    "Workspace",
]
