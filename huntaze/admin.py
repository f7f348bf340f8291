"""The ground's staff screens: the event log and the audit log, to read, and the base of every other app's screens."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from huntaze.models import AuditEntry, Event


class ReadOnlyAdmin(ModelAdmin):
    """A screen that shows rows which only the product itself writes; repairs are actions that call services."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows come from services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows are changed by services."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows are removed by services."""
        return False


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What happened."""

    list_display = ("created_at", "type", "subject_id", "workspace_id")
    list_filter = ("type",)
    search_fields = ("=subject_id", "=workspace_id")
    show_full_result_count = False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what, from where."""

    list_display = ("created_at", "action", "actor_id", "subject_id", "address", "request_id")
    list_filter = ("action",)
    search_fields = ("=actor_id", "=subject_id", "=workspace_id", "=request_id")
    show_full_result_count = False
