"""People, the workspaces they own or belong to, and the sessions through which they come in."""

from accounts.models.challenges import ChallengeStatus, EmailChallenge, Purpose
from accounts.models.keys import ApiKey
from accounts.models.notices import NoticePreference
from accounts.models.oauth import AuthorizationCode
from accounts.models.onboarding import OnboardingStep, Step, StepState
from accounts.models.people import EMAIL_CONSTRAINT, Role, User, write_email_address
from accounts.models.privacy import Deletion, ErasureReceipt, Export, ExportStatus, LegalHold
from accounts.models.sessions import RefreshToken, RevokedReason, Session, SessionKind
from accounts.models.workspaces import INVITED_ROLES, Invitation, MemberRole, Membership, Plan, PlanSource, Workspace

__all__ = [
    "EMAIL_CONSTRAINT",
    "INVITED_ROLES",
    "ApiKey",
    "AuthorizationCode",
    "ChallengeStatus",
    "Deletion",
    "EmailChallenge",
    "ErasureReceipt",
    "Export",
    "ExportStatus",
    "Invitation",
    "LegalHold",
    "MemberRole",
    "Membership",
    "NoticePreference",
    "OnboardingStep",
    "Plan",
    "PlanSource",
    "Purpose",
    "RefreshToken",
    "RevokedReason",
    "Role",
    "Session",
    "SessionKind",
    "Step",
    "StepState",
    "User",
    "Workspace",
    "write_email_address",
]
