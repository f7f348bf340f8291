"""What allauth's account pages ask of us: whom a provider lets in, and what is sent by our own e-mail."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.forms import ValidationError
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import services
from accounts.browsers import INVITATION_KEY, session_id_of
from accounts.models import User
from accounts.services.mfa.secrets import unseal
from huntaze import context
from huntaze.api import throttling
from huntaze.api.errors import RateLimited


class AccountAdapter(DefaultAccountAdapter):
    """Accounts on the pages."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try against the account, as the API does; raises ValidationError when there were too many."""
        try:
            throttling.count_attempt(credentials.get("email", ""))
        except RateLimited as error:
            raise ValidationError(str(error)) from None

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """Send the link again that verifies an address; a sign-up has had it sent already."""
        if not signup:
            language, user_agent = get_language() or "en", request.headers.get("User-Agent", "")
            services.resend_verification(email=emailconfirmation.email_address.email, language=language, user_agent=user_agent)

    def is_reauthentication_required(self, *, app: str, **options: Any) -> bool:
        """Return whether the person must prove again who they are; one who has nothing to prove it with here signs in again.

        Raises ImmediateHttpResponse for the latter, who came through a provider and has neither password nor second factor.
        """
        if services.is_recently_proved(session_id=session_id_of(self.request)):
            return False
        if not self.get_reauthentication_methods(self.request.user):
            logout(self.request)
            raise ImmediateHttpResponse(redirect_to_login(self.request.get_full_path()))
        return True

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Return by what the person can prove again who they are: where they have a second factor, the password alone is too little."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [method for method in methods if method["id"] != "reauthenticate"] or methods

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return where who signed in goes on: to the invitation whose link they opened before, else to their pages."""
        return reverse("account_invitation") if INVITATION_KEY in request.session else str(super().get_login_redirect_url(request))

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that the request's context believes."""
        return context.current().address or ""


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """People who sign in through a provider.

    A provider's account never takes over an account of ours by its e-mail address alone, unless both sides have verified it.
    """

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> Any:
        """Fill in what the provider says; only `true` counts as verified, since some send the text `false`."""
        for address in sociallogin.email_addresses:
            address.verified = address.verified in (True, "true")
        sociallogin.user.name = data.get("name") or ""
        return super().populate_user(request, sociallogin, data)

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """Return the live account whose verified address the provider has verified too, with that address."""
        addresses = _verified(sociallogin)
        ours = EmailAddress.objects.filter(email__in=addresses, verified=True, user__deleted_at=None).select_related("user").first()
        return (ours.user, ours.email) if ours else None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Send a person whose address has an account here, but not verified, to sign in and link the provider there."""
        if sociallogin.is_existing or sociallogin.state.get("process") == AuthProcess.CONNECT:
            return
        if any(User.objects.with_email(address).exists() for address in _verified(sociallogin)):
            text = _("There is an account with this e-mail address. Sign in to it, then link %(provider)s under Connections.")
            messages.warning(request, text % {"provider": sociallogin.provider.name})
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))

    def get_signup_form_initial_data(self, sociallogin: SocialLogin) -> dict[str, Any]:
        """Return what the provider said, for the page on which the person accepts the terms."""
        addresses = [sociallogin.user.email, *(address.email for address in sociallogin.email_addresses)]
        return {"name": sociallogin.user.name, "email": next((address.lower() for address in addresses if address), "")}

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """Return the providers that the environment configures; rows of the database are none, and cost no query."""
        return [app for apps in _build_apps_from_settings(provider=provider, client_id=client_id).values() for app in apps]


class MFAAdapter(DefaultMFAAdapter):
    """Second factors: their secrets encrypted, their passkeys bound to this installation's address."""

    def encrypt(self, text: str) -> str:
        """Raise TypeError: a secret is encrypted by `services.mfa`, which knows the row that it is bound to."""
        raise TypeError("Second factors are written by services.mfa.")

    def decrypt(self, encrypted_text: str) -> str:
        """Return a stored secret; raises CannotDecrypt."""
        return unseal(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return whom passkeys are for: the host of HUNTAZE_URL, whatever the Host header says."""
        return {"id": urlsplit(settings.HUNTAZE_URL).hostname or "", "name": "Huntaze"}


def _verified(sociallogin: SocialLogin) -> list[str]:
    return [address.email.lower() for address in sociallogin.email_addresses if address.verified]
