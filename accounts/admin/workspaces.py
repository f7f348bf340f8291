"""Staff screens of workspaces and who belongs to them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from accounts.models import Invitation, Membership, Workspace
from huntaze.admin import ReadOnlyAdmin


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

    group = _("People")
    list_display = ("name", "plan", "plan_source", "plan_until", "created_at")
    list_filter = ("plan", "plan_source", "created_at")
    search_fields = ("=id", "name", "memberships__user__email")
    inlines = (MembershipInline,)


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who belongs to which workspace, as what."""

    group = _("People")
    list_display = ("user", "workspace", "role", "created_at")
    list_filter = ("role", "created_at")
    list_select_related = ("user", "workspace")
    search_fields = ("=user__id", "user__email", "=workspace__id", "workspace__name")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Places in workspaces that are kept for e-mail addresses."""

    group = _("People")
    list_display = ("email", "workspace", "role", "invited_by", "created_at", "expires_at", "accepted_at")
    list_filter = ("role", "expires_at")
    list_select_related = ("workspace", "invited_by")
    search_fields = ("=id", "email", "=workspace__id", "workspace__name")
