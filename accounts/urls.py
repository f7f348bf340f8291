"""Addresses of accounts, under /api/v1/."""

from django.urls import path

from accounts.views import audit, auth, people

urlpatterns = [
    path("auth/signup", auth.SignUp.as_view(), name="auth-signup"),
    path("auth/signin", auth.SignIn.as_view(), name="auth-signin"),
    path("auth/refresh", auth.Refresh.as_view(), name="auth-refresh"),
    path("auth/signout", auth.SignOut.as_view(), name="auth-signout"),
    path("users/me", people.Me.as_view(), name="users-me"),
    path("audit-log", audit.AuditLogViewSet.as_view({"get": "list"}), name="audit-log"),
    path("audit-log/verify", audit.VerifyAuditLog.as_view(), name="audit-log-verify"),
]
