"""Forms of the account pages; what they ask for is done by the services that the API calls."""

import secrets
from collections.abc import Mapping
from typing import Any, cast

from allauth.account.forms import LoginForm
from allauth.core.internal.httpkit import headed_redirect_response
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts import notices, services
from accounts.models import User
from accounts.validators import MAXIMUM_LENGTH, validate_name
from huntaze.api.errors import Problem, ValidationFailed

BROWSER_KEY = "huntaze_browser"  # a secret of this browser, to which a sign-up through a provider may be bound
PASSWORD_HELP = gettext_lazy("12 characters or more. A few words that only you would put together are best.")


class EmailField(forms.EmailField):
    """An e-mail address, kept in lower case."""

    def __init__(self, **options: Any) -> None:
        widget = forms.EmailInput({"autocomplete": "email"})
        super().__init__(**{"label": gettext_lazy("E-mail address"), "max_length": 254, "widget": widget, **options})

    def clean(self, value: Any) -> str:
        """Return the address; raises ValidationError."""
        return str(super().clean(value)).lower()


class PasswordField(forms.CharField):
    """A password, shown as dots; a new one unless said otherwise."""

    def __init__(self, *, autocomplete: str = "new-password", **options: Any) -> None:
        widget = forms.PasswordInput({"autocomplete": autocomplete})
        super().__init__(**{"strip": False, "max_length": MAXIMUM_LENGTH, "widget": widget, **options})


class SignInForm(LoginForm):
    """Signing in with a password, as allauth does it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["login"] = EmailField()
        self.fields["password"] = PasswordField(
            label=gettext_lazy("Password"), autocomplete="current-password", help_text=self.fields["password"].help_text
        )
        self.order_fields(["login", "password"])


class NewPersonForm(forms.Form):
    """What every new person says: who they are, and that they accept the terms."""

    field_order = ["name", "email", "password1", "accept_terms"]
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, validators=[validate_name], widget=forms.TextInput({"autocomplete": "name"})
    )
    email = EmailField()
    accept_terms = forms.BooleanField(
        label=gettext_lazy("I accept the terms, and I am 18 or older."),
        error_messages={"required": gettext_lazy("Accept the terms to go on. Accounts are for people of 18 or older.")},
    )

    def of(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the services want to know of the new person."""
        return {
            "email": self.cleaned_data["email"],
            "name": self.cleaned_data["name"],
            "language": get_language() or settings.LANGUAGE_CODE,
        }


class SignUpForm(NewPersonForm):
    """Signing up with a password."""

    by_passkey = False
    password1 = PasswordField(label=gettext_lazy("Password"), help_text=PASSWORD_HELP)

    def clean(self) -> dict[str, Any]:
        """Look at the password, and where accounts are made at once at the address too; elsewhere nobody learns who has one."""
        values = super().clean() or {}
        person = User(email=values.get("email", ""), name=values.get("name", ""))
        if "password1" in values:
            try:
                services.check_password(values["password1"], user=person)
            except ValidationFailed as error:
                add_faults(self, error, password="password1")  # noqa: S106  (the field's name)
        if settings.EMAIL_VERIFICATION != "mandatory" and User.objects.with_email(person.email).exists():
            self.add_error("email", str(services.EmailTaken.title))
        return values

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponseBase | None]:
        """Return the account that was made, or the answer that says to look into one's e-mail."""
        asked = {**self.of(request), "password": self.cleaned_data["password1"], "user_agent": request.headers.get("User-Agent", "")}
        if settings.EMAIL_VERIFICATION == "mandatory":
            services.request_sign_up(**asked)
            return None, look_into_email()
        try:
            return services.open_account(**asked), None
        except services.EmailTaken:  # since the form was looked at
            return None, headed_redirect_response("account_login")


class ProviderSignUpForm(NewPersonForm):
    """Signing up through a provider."""

    def __init__(self, *args: Any, sociallogin: SocialLogin, **options: Any) -> None:
        self.sociallogin = sociallogin
        initial = get_adapter().get_signup_form_initial_data(sociallogin)
        super().__init__(*args, **{**options, "initial": initial})
        if self.is_vouched_for(initial["email"]):
            self.fields["email"].help_text = _("%(provider)s says that it is yours.") % {"provider": sociallogin.provider.name}

    def is_vouched_for(self, email: str) -> bool:
        """Return whether the provider says that the address is the person's."""
        return any(address.verified and address.email.lower() == email for address in self.sociallogin.email_addresses)

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponseBase | None]:
        """Return the account that was made, or the answer that says to look into one's e-mail, where no one vouches for the address."""
        asked = {**self.of(request), "account": self.sociallogin.account}
        if not self.is_vouched_for(asked["email"]):
            browser = request.session.setdefault(BROWSER_KEY, secrets.token_urlsafe())
            services.request_social_sign_up(**asked, browser=browser)
            return None, look_into_email()
        try:
            self.sociallogin.user = services.open_social_account(**asked)
        except services.EmailTaken:
            return None, headed_redirect_response("account_login")
        return self.sociallogin.user, None


class NoticesForm(forms.Form):
    """Of which notices a person wants e-mails, of those that can be switched off."""

    def __init__(self, *args: Any, wanted: Mapping[str, bool], **options: Any) -> None:
        super().__init__(*args, **options)
        for kind, told in notices.KINDS.items():
            if not told.security:
                self.fields[kind] = forms.BooleanField(label=told.title, required=False, initial=wanted[kind])


class EmailForm(forms.Form):
    """An address to which a link is sent."""

    email = EmailField()


class NewEmailForm(forms.Form):
    """The address that a person wants instead of theirs."""

    email = EmailField(label=gettext_lazy("New e-mail address"))


class NewPasswordForm(forms.Form):
    """A new password, by a mailed link."""

    new_password = PasswordField(label=gettext_lazy("New password"), help_text=PASSWORD_HELP)


class ChangePasswordForm(NewPasswordForm):
    """A new password, by the present one."""

    field_order = ["current_password", "new_password"]
    current_password = PasswordField(label=gettext_lazy("Present password"), autocomplete="current-password")


def add_faults(form: forms.Form, problem: Problem, **fields: str) -> None:
    """Show what a service found wrong beside the field that its pointer names; `fields` says which, where their names differ."""
    for fault in cast("list[dict[str, str]]", problem.extra.get("errors", [{"pointer": "", "detail": problem.detail}])):
        pointed = fault["pointer"].strip("/")
        name = fields.get(pointed, pointed)
        form.add_error(name if name in form.fields else None, fault["detail"])


def look_into_email() -> HttpResponseBase:
    """Return the answer that leads to the page which says that a link was sent."""
    return cast("HttpResponseBase", headed_redirect_response("account_email_verification_sent"))
