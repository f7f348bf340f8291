"""Addresses of the account pages, under /accounts/: ours, then those of allauth's that are in use."""

from allauth.account import views as account
from allauth.urls import build_provider_urlpatterns
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from accounts.views import impersonation, invitation_pages, mfa_pages, oauth, pages

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="account_sessions"), name="account_home"),
    path("sessions/", pages.sessions, name="account_sessions"),
    path("sessions/end-others/", pages.end_other_sessions, name="account_end_other_sessions"),
    path("sessions/<uuid:session_id>/end/", pages.end_session, name="account_end_session"),
    path("email/", pages.email, name="account_email"),
    path("email/sent/", pages.email_sent, name="account_email_verification_sent"),
    path("email/<str:token>/", pages.change_email, name="account_change_email"),
    path("verify-email/<str:token>/", pages.verify_email, name="account_verify_email"),
    path("verify-sign-up/<str:token>/", pages.verify_sign_up, name="account_verify_sign_up"),
    path("password/change/", pages.change_password, name="account_change_password"),
    path("password/set/", pages.set_password, name="account_set_password"),
    path("password/reset/", pages.forgot_password, name="account_reset_password"),
    re_path(r"^password/reset/(?P<token>[\w-]{43})/$", pages.reset_password, name="account_reset_password_by_link"),
    path("invitations/", invitation_pages.invitation, name="account_invitation"),
    path("invitations/<str:token>/", invitation_pages.open_link, name="account_open_invitation"),
    path("notices/", pages.notices, name="account_notices"),
    path("language/", set_language, name="account_language"),
    path("impersonation/stop/", impersonation.stop, name="account_stop_impersonation"),
    path("authorize", oauth.authorize, name="account_authorize"),
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("signup/", account.signup, name="account_signup"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("2fa/totp/activate/", mfa_pages.TurnTotpOn.as_view(), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", mfa_pages.TurnTotpOff.as_view(), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/generate/", mfa_pages.NewRecoveryCodes.as_view(), name="mfa_generate_recovery_codes"),
    path("2fa/webauthn/add/", mfa_pages.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/edit/", mfa_pages.RenamePasskey.as_view(), name="mfa_edit_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/remove/", mfa_pages.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("2fa/", include("allauth.mfa.urls")),
    path("providers/", include("allauth.socialaccount.urls")),
    *build_provider_urlpatterns(),
]
