"""Generations, and what people made of them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.decorators import action, display

from ai import queries, services
from ai.admin.routes import in_words
from ai.errors import GenerationNotOpen
from ai.models import EntryKind, Generation, GenerationFeedback, GenerationStatus, LedgerEntry
from huntaze.admin import ReadOnlyAdmin
from huntaze.charts import dollars

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
    exclude = ("lease_token", "route")
    search_fields = ("=id", "workspace__name", "created_by__email", "input__prompt")
    actions = ("cancel",)
    actions_list = ("prompts",)
    inlines = (FeedbackInline,)

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, generation: Generation) -> tuple[str, str]:
        """Return the status and its name, for django-unfold's badge."""
        return generation.status, generation.get_status_display()

    @admin.display(description=_("cost (US$)"), ordering="cost_nanousd")
    def cost(self, generation: Generation) -> str:
        """Return the cost in dollars."""
        return f"{generation.cost_nanousd / 1e9:.6f}"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the columns, then the route in words, and what each call cost."""
        return [*super().get_fields(request, obj), "decision", "calls"]

    @admin.display(description=_("route"))
    def decision(self, generation: Generation) -> str:
        """Return which models were to be asked, in order, and why; nothing where none was."""
        return in_words(generation.route) if generation.route else "-"

    @admin.display(description=_("calls"))
    def calls(self, generation: Generation) -> str:
        """Return the calls that the ledger has settled, in their order."""
        entries = LedgerEntry.objects.filter(generation_id=generation.pk, kind=EntryKind.SETTLE).order_by("id")
        rows = [{"entry": entry, "cost": dollars(-entry.amount_nanousd)} for entry in entries]
        return render_to_string("admin/ai/calls.html", {"rows": rows})

    @action(description=_("Prompts"), url_path="prompts", permissions=["view"])  # type: ignore[untyped-decorator]
    def prompts(self, request: HttpRequest) -> TemplateResponse:
        """Show how each version of each prompt does."""
        versions = [{"version": version, "cost": dollars(version.mean_nanousd)} for version in queries.prompt_versions()]
        shown = {**self.admin_site.each_context(request), "title": _("Prompts"), "opts": self.opts, "versions": versions}
        return TemplateResponse(request, "admin/ai/prompts.html", shown)

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


@admin.register(GenerationFeedback)
class GenerationFeedbackAdmin(ReadOnlyAdmin):
    """What people made of generations."""

    list_display = ("updated_at", "workspace", "generation", "rating", "person", "comment")
    list_filter = ("rating", "generation__kind", "updated_at")
    list_select_related = ("workspace", "generation", "person")
    search_fields = ("=generation__id", "workspace__name", "person__email", "comment")
