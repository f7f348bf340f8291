"""Staff screens of generations and of the catalogue of models and prices."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.decorators import display

from ai import services
from ai.errors import GenerationNotOpen
from ai.models import (
    AiAlert,
    AiConfig,
    AiModel,
    Budget,
    EntryKind,
    Generation,
    GenerationFeedback,
    GenerationStatus,
    LedgerCheckpoint,
    LedgerEntry,
    ModelPrice,
    QuickReply,
)
from huntaze.admin import AuditedAdmin, CheckpointAdmin, ReadOnlyAdmin

STATUS_COLOURS = {GenerationStatus.SUCCEEDED: "success", GenerationStatus.FAILED: "danger", GenerationStatus.CANCELLED: "warning"}


class FeedbackInline(TabularInline):
    """What people made of a generation."""

    model = GenerationFeedback
    fields = readonly_fields = ("person", "rating", "comment", "updated_at")
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[GenerationFeedback]:
        """Return the rows with their people."""
        rows: QuerySet[GenerationFeedback] = super().get_queryset(request).select_related("person")
        return rows

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows come from a service."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows are changed by a service."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows go with their person or generation."""
        return False


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    """What was ordered, who wrote it, what it cost and why it failed."""

    list_display = ("created_at", "workspace", "kind", "state", "provider", "model", "cost")
    list_filter = ("status", "kind", "provider", "created_at")
    list_select_related = ("workspace",)
    exclude = ("lease_token",)
    search_fields = ("=id", "workspace__name", "created_by__email", "input__prompt")
    actions = ("cancel",)
    inlines = (FeedbackInline,)

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, generation: Generation) -> tuple[str, str]:
        """Return the status and its name, for django-unfold's badge."""
        return generation.status, generation.get_status_display()

    @admin.display(description=_("cost (US$)"), ordering="cost_nanousd")
    def cost(self, generation: Generation) -> str:
        """Return the cost in dollars."""
        return f"{generation.cost_nanousd / 1e9:.6f}"

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may stop generations."""
        return request.user.has_perm("ai.change_generation")

    @admin.action(description=_("Stop the selected generations"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, generations: QuerySet[Generation]) -> None:
        """Ask each open generation to stop."""
        stopped = 0
        for generation in generations:
            try:
                services.cancel_generation(generation=generation)
            except GenerationNotOpen:
                continue
            stopped += 1
        text = ngettext("%(count)d generation was asked to stop.", "%(count)d generations were asked to stop.", stopped)
        messages.success(request, text % {"count": stopped})


class ModelPriceInline(TabularInline):
    """A model's prices, the latest first: a change is a new row with its start."""

    model = ModelPrice
    extra = 0
    hide_title = True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what has not begun is changed on its own page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what has not begun is removed on its own page."""
        return False


@admin.register(AiModel)
class AiModelAdmin(AuditedAdmin):
    """The models that may write; edits take effect with the next generation."""

    list_display = ("name", "provider", "tier", "deployment", "enabled", "rank", "retires_on")
    list_editable = ("enabled", "rank")
    list_filter = ("provider", "tier", "enabled")
    search_fields = ("name", "deployment")
    inlines = (ModelPriceInline,)


def _in_dollars(name: str, description: Any) -> Callable[[ModelPrice], str | None]:
    """Return a column that shows a price, of a million tokens, in dollars."""

    def column(price: ModelPrice) -> str | None:
        value = getattr(price, name)
        return None if value is None else f"{value / 1e6:.4f}"

    column.__name__ = name  # what the style sheet aligns it by
    return admin.display(column, description=description, ordering=name)


@admin.register(ModelPrice)
class ModelPriceAdmin(AuditedAdmin):
    """Every price with its start; one that has begun stays as it is."""

    list_display = (
        "model",
        "starts_at",
        _in_dollars("input_price", _("input, US$ a million")),
        _in_dollars("cached_price", _("cached input, US$ a million")),
        _in_dollars("cache_write_price", _("cache write, US$ a million")),
        _in_dollars("output_price", _("output, US$ a million")),
        _in_dollars("batch_input_price", _("batch input, US$ a million")),
        _in_dollars("batch_output_price", _("batch output, US$ a million")),
    )
    list_filter = ("model__provider", "starts_at")
    list_select_related = ("model",)
    search_fields = ("model__name",)

    def has_change_permission(self, request: HttpRequest, obj: ModelPrice | None = None) -> bool:
        """Return whether this member of staff may edit the price: never one that has begun."""
        return _is_to_come(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ModelPrice | None = None) -> bool:
        """Return whether this member of staff may remove the price: never one that has begun."""
        return _is_to_come(obj) and super().has_delete_permission(request, obj)


def _is_to_come(price: ModelPrice | None) -> bool:
    return price is None or price.starts_at > timezone.now()


ENTRY_COLOURS = {EntryKind.SETTLE: "success", EntryKind.RESERVE: "info", EntryKind.RELEASE: "warning"}


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    """Every reservation, settlement and release; search by the id of an entry, a generation, a workspace, a member or a key."""

    list_display = ("created_at", "workspace_id", "generation_id", "movement", "amount", "provider", "model", "usage_source", "sequence")
    list_filter = ("kind", "usage_source", "provider", "task", "created_at")
    search_fields = ("=id", "=generation_id", "=workspace_id", "=member_id", "=key_id", "model")
    exclude = ("previous_hash", "hash", "chain")

    @display(description=_("kind"), ordering="kind", label=ENTRY_COLOURS)  # type: ignore[untyped-decorator]
    def movement(self, entry: LedgerEntry) -> tuple[str, str]:
        """Return the kind and its name, for django-unfold's badge."""
        return entry.kind, entry.get_kind_display()

    @admin.display(description=_("amount (US$)"), ordering="amount_nanousd")
    def amount(self, entry: LedgerEntry) -> str:
        """Return the amount in dollars, signed."""
        return f"{entry.amount_nanousd / 1e9:+.9f}"


admin.site.register(LedgerCheckpoint, CheckpointAdmin)


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    """What workspaces, members and keys may spend, and what of it is used; owners and managers change them through the API."""

    list_display = ("workspace", "level", "period", "subject_id", "limit", "used", "starts_on")
    list_filter = ("level", "period", "starts_on")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=subject_id", "workspace__name")

    @admin.display(description=_("limit (US$)"), ordering="limit_nanousd")
    def limit(self, budget: Budget) -> str | None:
        """Return the limit in dollars; the plan's is the workspace's own."""
        return None if budget.limit_nanousd is None else f"{budget.limit_nanousd / 1e9:.6f}"

    @admin.display(description=_("used (US$)"), ordering="used_nanousd")
    def used(self, budget: Budget) -> str:
        """Return what is used in dollars."""
        return f"{budget.used_nanousd / 1e9:.6f}"


@admin.register(AiAlert)
class AiAlertAdmin(ReadOnlyAdmin):
    """What was told of spending and of models, and when last."""

    list_display = ("kind", "subject_id", "told_at")
    list_filter = ("kind", "told_at")
    search_fields = ("=subject_id",)


@admin.register(AiConfig)
class AiConfigAdmin(ReadOnlyAdmin):
    """How each workspace wants its texts."""

    list_display = ("workspace", "privacy_tier", "quality_floor", "updated_at")
    list_filter = ("privacy_tier", "quality_floor")
    list_select_related = ("workspace",)
    search_fields = ("=workspace__id", "workspace__name")


@admin.register(GenerationFeedback)
class GenerationFeedbackAdmin(ReadOnlyAdmin):
    """What people made of generations."""

    list_display = ("updated_at", "workspace", "generation", "rating", "person", "comment")
    list_filter = ("rating", "generation__kind", "updated_at")
    list_select_related = ("workspace", "generation", "person")
    search_fields = ("=generation__id", "workspace__name", "person__email", "comment")


@admin.register(QuickReply)
class QuickReplyAdmin(ReadOnlyAdmin):
    """The canned snippets of each workspace, in their order."""

    list_display = ("workspace", "position", "title", "text", "updated_at")
    list_select_related = ("workspace",)
    search_fields = ("=workspace__id", "workspace__name", "title")
