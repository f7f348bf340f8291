"""Staff screens of people, workspaces and sessions."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline

from accounts import services
from accounts.models import Membership, Session, User, Workspace
from huntaze.admin import AuditedAdmin, ReadOnlyAdmin


@admin.register(User)
class UserAdmin(AuditedAdmin):
    """People; their name can be put right here, and their role by superusers. Nobody is ever removed."""

    list_display = ("email", "name", "role", "subscription", "default_workspace", "created_at", "deleted_at")
    list_filter = ("role", "default_workspace__plan", ("deleted_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("default_workspace",)
    search_fields = ("=id", "email", "name")
    fields = ("email", "name", "role", "default_workspace", "terms_version", "terms_accepted_at", "created_at", "deleted_at")
    readonly_fields = ("email", "default_workspace", "terms_version", "terms_accepted_at", "created_at", "deleted_at")
    actions = ("end_sessions",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return everyone, the deleted too, with their workspace."""
        return User.everyone.order_by(*self.get_ordering(request))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: accounts are made by signing up."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: history keeps its author."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what this member of staff may not edit: the role makes staff, so only superusers change it."""
        if request.user.is_superuser:
            return self.readonly_fields
        return (*self.readonly_fields, "role")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Write the edit through its service."""
        services.edit_user(user_id=obj.id, name=obj.name, role=obj.role, actor_id=request.user.pk)

    @admin.action(description=_("End all sessions of the selected users"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Sign each person out everywhere."""
        _report_ended(request, [services.end_sessions(user_id=user.id, actor_id=request.user.pk) for user in users])


class MembershipInline(TabularInline):
    """Who belongs to the workspace, to read."""

    model = Membership
    fields = ("user", "role", "created_at")
    readonly_fields = fields
    extra = 0
    hide_title = True
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """Return the memberships with their people."""
        memberships: QuerySet[Membership] = super().get_queryset(request)
        return memberships.select_related("user")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: members come from services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: members are changed by services."""
        return False


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    """Workspaces with their plan and members; plans are granted under plan grants."""

    list_display = ("name", "plan", "plan_source", "plan_until", "created_at")
    list_filter = ("plan", "plan_source", "created_at")
    search_fields = ("=id", "name", "memberships__user__email")
    inlines = (MembershipInline,)


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Devices that are, or were, signed in."""

    list_display = ("user", "user_agent", "address", "created_at", "last_used_at", "revoked_at", "revoked_reason")
    list_filter = ("revoked_reason", "created_at")
    list_select_related = ("user",)
    search_fields = ("=id", "user__email", "address")
    actions = ("end",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Tell whether this member of staff may end sessions."""
        return request.user.has_perm("accounts.change_session")

    @admin.action(description=_("End the selected sessions"), permissions=["end"])
    def end(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        """Stop the tokens of each session."""
        session_ids = list(sessions.values_list("id", flat=True))
        _report_ended(request, [services.end_session(session_id=session_id, actor_id=request.user.pk) for session_id in session_ids])


def _report_ended(request: HttpRequest, counts: list[int]) -> None:
    ended = sum(counts)
    messages.success(request, ngettext("%(count)d session was ended.", "%(count)d sessions were ended.", ended) % {"count": ended})
