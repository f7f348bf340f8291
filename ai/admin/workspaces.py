"""What workspaces set."""

from django.contrib import admin

from ai.models import AiConfig, QuickReply
from huntaze.admin import ReadOnlyAdmin


@admin.register(AiConfig)
class AiConfigAdmin(ReadOnlyAdmin):
    """How each workspace wants its texts."""

    list_display = ("workspace", "privacy_tier", "quality_floor", "updated_at")
    list_filter = ("privacy_tier", "quality_floor")
    list_select_related = ("workspace",)
    search_fields = ("=workspace__id", "workspace__name")


@admin.register(QuickReply)
class QuickReplyAdmin(ReadOnlyAdmin):
    """The canned snippets of each workspace, in their order."""

    list_display = ("workspace", "position", "title", "text", "updated_at")
    list_select_related = ("workspace",)
    search_fields = ("=workspace__id", "workspace__name", "title")
