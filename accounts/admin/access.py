"""Staff screens of how people and programs come in: sessions, API keys, addresses, providers, second factors. No secret is shown."""

from allauth.account import admin as account_screens
from allauth.account.models import EmailAddress
from allauth.mfa import admin as mfa_screens
from allauth.mfa.models import Authenticator
from allauth.socialaccount import admin as provider_screens
from allauth.socialaccount.models import SocialAccount
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.admin.pages import ask, is_confirmed
from accounts.models import ApiKey, Session
from huntaze.admin import ReadOnlyAdmin

# Theirs are imported first, which registers them: ours then take their places.
THEIRS = (account_screens, mfa_screens, provider_screens)
admin.site.unregister([EmailAddress, SocialAccount, Authenticator])


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Devices that are, or were, signed in."""

    group = _("Signing in")
    list_display = ("user", "kind", "user_agent", "address", "created_at", "last_used_at", "revoked_at", "revoked_reason")
    list_filter = ("kind", "revoked_reason", "created_at")
    list_select_related = ("user",)
    search_fields = ("=id", "=user__id", "user__email", "address")
    actions = ("end",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Tell whether this member of staff may end sessions."""
        return request.user.has_perm("accounts.change_session")

    @admin.action(description=_("End the selected sessions"), permissions=["end"])
    def end(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        """Stop the tokens of each session; those of people over whom this member of staff has no authority stay."""
        theirs = [row for row in sessions.select_related("user") if services.has_authority(actor=request.user, user=row.user)]
        ended = sum(services.end_session(session_id=session.id, actor_id=request.user.pk) for session in theirs)
        messages.success(request, ngettext("%(count)d session was ended.", "%(count)d sessions were ended.", ended) % {"count": ended})


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """API keys by how they begin."""

    group = _("Signing in")
    list_display = ("name", "prefix", "workspace", "user", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "created_at", "last_used_at")
    list_select_related = ("workspace", "user")
    search_fields = ("=id", "name", "prefix", "=user__id", "user__email", "=workspace__id", "workspace__name")
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may revoke keys."""
        return request.user.has_perm("accounts.change_apikey")

    @admin.action(description=_("Revoke the selected keys"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> HttpResponse | None:
        """End each key at once, after asking."""
        if not is_confirmed(request):
            says = __("These keys end at once and cannot come back.")
            return ask(request, self, title=__("Revoke"), says=says, about=keys)
        revoked = services.revoke_keys(ApiKey.objects.filter(id__in=keys.values("id")))
        text = ngettext("%(count)d API key was revoked.", "%(count)d API keys were revoked.", revoked)
        messages.success(request, text % {"count": revoked})
        return None


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    """People's addresses, and whether they are confirmed."""

    group = _("Signing in")
    plural = _("e-mail addresses")
    list_display = ("email", "user", "verified", "primary")
    list_filter = ("verified", "primary")
    list_select_related = ("user",)
    search_fields = ("email", "=user__id", "user__email")


@admin.register(SocialAccount)
class SocialAccountAdmin(ReadOnlyAdmin):
    """Accounts at providers that people sign in with."""

    group = _("Signing in")
    plural = _("linked providers")
    list_display = ("user", "provider", "uid", "last_login", "date_joined")
    list_filter = ("provider", "last_login")
    list_select_related = ("user",)
    exclude = ("extra_data",)
    search_fields = ("uid", "=user__id", "user__email")


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Second factors; they are removed from the person's page."""

    group = _("Signing in")
    plural = _("second factors")
    list_display = ("user", "kind", "created_at", "last_used_at")
    list_filter = ("type", "created_at", "last_used_at")
    list_select_related = ("user",)
    exclude = ("data",)
    search_fields = ("=user__id", "user__email")

    @admin.display(description=_("type"), ordering="type")
    def kind(self, authenticator: Authenticator) -> str:
        """Return what it is, without the name that allauth would read from its secret data."""
        return str(authenticator.get_type_display())
