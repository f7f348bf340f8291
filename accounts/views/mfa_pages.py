"""The pages of second factors: allauth's forms and looks, with our services behind them."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.internal.auth import clear_totp_secret
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, EditWebAuthnView, RemoveWebAuthnView
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.services import mfa
from huntaze.api.errors import Problem, RateLimited


class CodeMixin(forms.Form):
    """A form whose code is checked as the API does: counted, and used up."""

    user: Any

    def clean_code(self) -> str:
        """Use the code up; refuses one that is wrong or was used, and too many."""
        code: str = self.cleaned_data["code"]
        try:
            self.authenticator = mfa.use_code(user_id=self.user.pk, code=code)
        except RateLimited as error:
            raise forms.ValidationError(error.detail) from None
        if self.authenticator is None:
            raise get_adapter().validation_error("incorrect_code")
        self.authenticator.user = self.user
        return code


class CodeForm(CodeMixin, AuthenticateForm):
    """A code at sign-in."""


class CodeAgainForm(CodeMixin, ReauthenticateForm):
    """A code that proves again who somebody is."""


class TurnTotpOn(ActivateTOTPView):
    """Turning the authenticator app on."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Turn it on, and show the recovery codes."""
        try:
            mfa.turn_totp_on(user_id=self.request.user.pk, secret=form.secret, code=form.cleaned_data["code"])
        except Problem as error:
            form.add_error("code", error.detail)
            return self.form_invalid(form)  # type: ignore[no-any-return]
        clear_totp_secret(self.request)
        note_factor(self.request, Authenticator.objects.get(user_id=self.request.user.pk, type=Authenticator.Type.TOTP))
        messages.success(self.request, _("The authenticator app is on. Keep the recovery codes where you find them without your phone."))
        return redirect("mfa_view_recovery_codes")


class TurnTotpOff(DeactivateTOTPView):
    """Turning the authenticator app off."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Turn it off."""
        mfa.turn_totp_off(user_id=self.request.user.pk)
        messages.success(self.request, _("The authenticator app is off."))
        return HttpResponseRedirect(self.get_success_url())


class NewRecoveryCodes(GenerateRecoveryCodesView):
    """Making new recovery codes."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Make them, and show them."""
        mfa.make_recovery_codes(user_id=self.request.user.pk)
        messages.success(self.request, _("New recovery codes were made; the ones before stopped working."))
        return HttpResponseRedirect(self.get_success_url())


class AddPasskey(AddWebAuthnView):
    """Adding a passkey or security key."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep what the browser registered, whose answer the form has checked."""
        name, credential = form.cleaned_data["name"], form.cleaned_data["credential"]
        had_codes = Authenticator.objects.filter(user_id=self.request.user.pk, type=Authenticator.Type.RECOVERY_CODES).exists()
        note_factor(self.request, mfa.add_passkey(user_id=self.request.user.pk, name=name, credential=credential))
        messages.success(self.request, _("The key was added."))
        return redirect("mfa_list_webauthn" if had_codes else "mfa_view_recovery_codes")


class RenamePasskey(EditWebAuthnView):
    """Renaming a passkey or security key."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Rename it."""
        mfa.rename_passkey(user_id=self.request.user.pk, passkey_id=self.object.pk, name=form.cleaned_data["name"])
        return HttpResponseRedirect(self.get_success_url())


class RemovePasskey(RemoveWebAuthnView):
    """Removing a passkey or security key."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Remove it."""
        mfa.remove_passkey(user_id=self.request.user.pk, passkey_id=self.object.pk)
        messages.success(self.request, _("The key was removed."))
        return HttpResponseRedirect(self.get_success_url())


def note_factor(request: HttpRequest, authenticator: Authenticator) -> None:
    """Note in the cookie's session that this browser has just shown the second factor that it added."""
    record_authentication(request, request.user, "mfa", id=authenticator.pk, type=authenticator.type)
