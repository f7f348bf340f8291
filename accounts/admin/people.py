"""Staff screens of people."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from accounts import services
from accounts.admin.actions import ACTIONS, act, offered
from accounts.admin.panels import panels
from accounts.models import AuthorizationCode, EmailChallenge, NoticePreference, OnboardingStep, User
from huntaze.admin import AuditedAdmin, ReadOnlyAdmin

STATES = {"active": _("active"), "suspended": _("suspended"), "deleted": _("deleted")}
COLOURS = {"active": "success", "suspended": "warning", "deleted": "danger"}


@admin.register(User)
class UserAdmin(AuditedAdmin):
    """People; their name can be put right here, and their role by superusers. Everything else is done by the buttons on their page."""

    group = _("People")
    list_display = ("email", "name", "state", "role", "subscription", "default_workspace", "created_at")
    list_filter = (
        "role",
        "default_workspace__plan",
        ("suspended_at", admin.EmptyFieldListFilter),
        ("deleted_at", admin.EmptyFieldListFilter),
        "created_at",
    )
    list_select_related = ("default_workspace",)
    search_fields = ("=id", "email", "name")
    shown = ("email", "email_is_verified", "default_workspace", "language", "timezone", "terms_version", "terms_accepted_at")
    times = ("declared_adult_at", "created_at", "last_login", "suspended_at", "deleted_at", "erased_or_due_at")
    fields = ("name", "role", *shown, *times)
    readonly_fields = (*shown, *times)
    actions = ("end_sessions",)
    change_form_outer_before_template = "admin/accounts/user_actions.html"
    change_form_outer_after_template = "admin/accounts/user_panels.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return everyone, the deleted too, with their workspace."""
        return User.everyone.select_related("default_workspace", "deletion").order_by(*self.get_ordering(request))

    @display(description=_("state"), label=COLOURS)  # type: ignore[untyped-decorator]
    def state(self, user: User) -> tuple[str, str]:
        """Return whether the account is active, suspended or deleted, for django-unfold's badge."""
        state = "deleted" if user.deleted_at else "suspended" if user.suspended_at else "active"
        return state, str(STATES[state])

    @admin.display(description=_("address is confirmed"), boolean=True)
    def email_is_verified(self, user: User) -> bool:
        """Return whether the person has shown that the address is theirs."""
        return services.has_verified_email(user)

    @admin.display(description=_("erased, or due to be"))
    def erased_or_due_at(self, user: User) -> Any:
        """Return when a deleted account was erased, or will be."""
        return (user.deletion.erased_at or user.deletion.due_at) if user.deleted_at else None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: accounts are made by signing up."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: history keeps its author; deleting an account is an action."""
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may end sessions."""
        return request.user.has_perm("accounts.change_session")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what this member of staff may not edit: the role makes staff, so only superusers change it."""
        if request.user.is_superuser:
            return self.readonly_fields
        return (*self.readonly_fields, "role")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Write the edit through its service."""
        services.edit_user(user_id=obj.id, name=obj.name, role=obj.role, actor_id=request.user.pk)

    def get_urls(self) -> list[URLPattern]:
        """Return the screen's addresses, with one for each action."""
        one = path("<uuid:user_id>/act/<slug:name>/", self.admin_site.admin_view(self.act), name="accounts_user_act")
        urls: list[URLPattern] = super().get_urls()
        return [one, *urls]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the person with what can be done, and with the latest of what belongs to them."""
        person = self.get_object(request, object_id) if request.method == "GET" else None
        found = {"offered": list(offered(request, person)), "panels": list(panels(request, person))} if person else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **found})

    def act(self, request: HttpRequest, user_id: UUID, name: str) -> HttpResponseBase:
        """Take one action on one person, after asking where it is grave."""
        action = ACTIONS.get(name)
        if action is None:
            raise Http404
        person = get_object_or_404(self.get_queryset(request), pk=user_id)
        if not action.may(request, person):
            raise PermissionDenied
        there = redirect("admin:accounts_user_change", person.pk)
        if not action.fits(person):
            messages.warning(request, _("Nothing was done: the account has changed meanwhile."))
            return there
        return act(request, self, person, action) or there

    @admin.action(description=_("End all sessions of the selected users"), permissions=["end"])
    def end_sessions(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Sign each person out everywhere; those over whom this member of staff has no authority stay as they are."""
        theirs = [user for user in users if services.has_authority(actor=request.user, user=user)]
        ended = sum(services.end_sessions(user_id=user.id, actor_id=request.user.pk) for user in theirs)
        messages.success(request, ngettext("%(count)d session was ended.", "%(count)d sessions were ended.", ended) % {"count": ended})


@admin.register(EmailChallenge)
class EmailChallengeAdmin(ReadOnlyAdmin):
    """Sign-ups, confirmations and new passwords that wait for an answer from an e-mail address."""

    is_listed = False
    list_display = ("created_at", "email", "purpose", "status", "address", "expires_at")
    list_filter = ("purpose", "status", "created_at")
    exclude = ("password", "lease_token")
    search_fields = ("=id", "email")


@admin.register(NoticePreference)
class NoticePreferenceAdmin(ReadOnlyAdmin):
    """What people want to be told by e-mail; without a row they do."""

    is_listed = False
    list_display = ("user", "kind", "by_email", "created_at")
    list_filter = ("kind", "by_email")
    list_select_related = ("user",)
    search_fields = ("=user__id", "user__email")


@admin.register(OnboardingStep)
class OnboardingStepAdmin(ReadOnlyAdmin):
    """The steps of setting up that people have done or skipped."""

    is_listed = False
    list_display = ("user", "step", "state", "created_at")
    list_filter = ("step", "state")
    list_select_related = ("user",)
    search_fields = ("=user__id", "user__email")


@admin.register(AuthorizationCode)
class AuthorizationCodeAdmin(ReadOnlyAdmin):
    """One-time codes that browsers handed to apps."""

    is_listed = False
    list_display = ("created_at", "user", "redirect_uri", "expires_at", "used_at")
    list_filter = ("created_at",)
    list_select_related = ("user",)
    exclude = ("code_challenge",)
    search_fields = ("=id", "=user__id", "user__email")
