"""Addresses of accounts, under /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts.views import audit, auth, keys, mfa, oauth, onboarding, passwords, people, privacy, sessions, verification, workspaces

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("workspaces", workspaces.WorkspacesViewSet, basename="workspaces")
router.register("workspaces/<uuid:workspace_id>/members", workspaces.MembersViewSet, basename="members")
router.register("workspaces/<uuid:workspace_id>/invitations", workspaces.InvitationsViewSet, basename="invitations")
router.register("api-keys", keys.ApiKeysViewSet, basename="api-keys")

urlpatterns = [
    path("auth/signup", auth.SignUp.as_view(), name="auth-signup"),
    path("auth/signin", auth.SignIn.as_view(), name="auth-signin"),
    path("auth/refresh", auth.Refresh.as_view(), name="auth-refresh"),
    path("auth/oauth/token", oauth.ExchangeCode.as_view(), name="auth-oauth-token"),
    path("auth/providers", oauth.Providers.as_view(), name="auth-providers"),
    path("auth/signout", auth.SignOut.as_view(), name="auth-signout"),
    path("auth/signout-all", sessions.SignOutEverywhere.as_view(), name="auth-signout-all"),
    path("auth/sessions", sessions.SessionViewSet.as_view({"get": "list"}), name="auth-sessions"),
    path("auth/sessions/<uuid:pk>", sessions.SessionViewSet.as_view({"delete": "destroy"}), name="auth-session"),
    path("auth/verify-email", verification.VerifyEmail.as_view(), name="auth-verify-email"),
    path("auth/verify-email/resend", verification.ResendVerification.as_view(), name="auth-verify-email-resend"),
    path("auth/password/forgot", passwords.ForgotPassword.as_view(), name="auth-password-forgot"),
    path("auth/password/reset", passwords.ResetPassword.as_view(), name="auth-password-reset"),
    path("auth/password/change", passwords.ChangePassword.as_view(), name="auth-password-change"),
    path("auth/mfa/totp", mfa.Totp.as_view(), name="auth-mfa-totp"),
    path("auth/mfa/totp/confirm", mfa.ConfirmTotp.as_view(), name="auth-mfa-totp-confirm"),
    path("auth/mfa/recovery-codes", mfa.RecoveryCodes.as_view(), name="auth-mfa-recovery-codes"),
    path("auth/reauthenticate", mfa.Reauthenticate.as_view(), name="auth-reauthenticate"),
    path("users/me", people.Me.as_view(), name="users-me"),
    path("users/me/export", privacy.Exports.as_view(), name="users-export"),
    path("users/me/exports/<uuid:id>", privacy.ExportDetail.as_view(), name="users-export-detail"),
    path("users/me/exports/<uuid:id>/archive", privacy.ExportArchive.as_view(), name="users-export-archive"),
    path("users/onboarding", onboarding.Onboarding.as_view(), name="users-onboarding"),
    path("users/profile", people.Profile.as_view(), name="users-profile"),
    path("workspaces/<uuid:workspace_id>", workspaces.WorkspaceView.as_view(), name="workspace"),
    path("invitations/accept", workspaces.AcceptInvitation.as_view(), name="invitations-accept"),
    path("audit-log", audit.AuditLogViewSet.as_view({"get": "list"}), name="audit-log"),
    path("audit-log/verify", audit.VerifyAuditLog.as_view(), name="audit-log-verify"),
    *router.urls,
]
