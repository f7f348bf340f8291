"""The ledger, budgets and alerts."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from ai import queries
from ai.models import AiAlert, Budget, EntryKind, LedgerCheckpoint, LedgerEntry, ShadowSample
from huntaze import charts
from huntaze.admin import CheckpointAdmin, ReadOnlyAdmin

DAYS = 30
CHARTS = 6
ENTRY_COLOURS = {EntryKind.SETTLE: "success", EntryKind.RESERVE: "info", EntryKind.RELEASE: "warning"}


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    """Every reservation, settlement and release; search by the id of an entry, a generation, a workspace, a member or a key."""

    list_display = ("created_at", "workspace_id", "generation_id", "movement", "amount", "provider", "model", "usage_source", "sequence")
    list_filter = ("kind", "usage_source", "provider", "task", "created_at")
    search_fields = ("=id", "=generation_id", "=workspace_id", "=member_id", "=key_id", "model")
    exclude = ("previous_hash", "hash", "chain")
    actions_list = ("spending",)

    @display(description=_("kind"), ordering="kind", label=ENTRY_COLOURS)  # type: ignore[untyped-decorator]
    def movement(self, entry: LedgerEntry) -> tuple[str, str]:
        """Return the kind and its name, for django-unfold's badge."""
        return entry.kind, entry.get_kind_display()

    @admin.display(description=_("amount (US$)"), ordering="amount_nanousd")
    def amount(self, entry: LedgerEntry) -> str:
        """Return the amount in dollars, signed."""
        return f"{entry.amount_nanousd / 1e9:+.9f}"

    @action(description=_("Spending"), url_path="spending", permissions=["view"])  # type: ignore[untyped-decorator]
    def spending(self, request: HttpRequest) -> TemplateResponse:
        """Draw what all workspaces spent in the last days, in all and by model."""
        found = queries.spending_by_model(last=(today := datetime.now(UTC).date()), days=DAYS)
        total = sum(one.recent for one in found)
        models = [{"spending": one, "cost": charts.dollars(one.recent), "share": 100 * one.recent / total if total else 0} for one in found]
        sums = [sum(day) for day in zip(*(one.nanousd for one in found), strict=True)] or [0] * 2 * DAYS
        drawn = [_chart(gettext("Spent on AI a day, in US dollars"), today, sums)]
        drawn += [_chart(f"{one.provider}/{one.model}", today, one.nanousd) for one in found[:CHARTS] if one.recent]
        shown: dict[str, Any] = {"title": _("Spending"), "opts": self.opts, "charts": drawn, "models": models, "days": DAYS}
        return TemplateResponse(request, "admin/ai/spending.html", {**self.admin_site.each_context(request), **shown})


def _chart(title: str, today: date, nanousd: Sequence[int]) -> charts.Chart:
    days = [date_format(today - timedelta(days=DAYS - 1 - number), "j M") for number in range(DAYS)]
    return charts.bars(
        title=title,
        column=gettext("Spent"),
        empty=gettext(
            "Nothing was spent in these 60 days. What models cost appears here day by day, once one that is paid for has written."
        ),
        points=list(zip(days, nanousd[DAYS:], strict=True)),
        before=nanousd[:DAYS],
        show=charts.dollars,
    )


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


@admin.register(ShadowSample)
class ShadowSampleAdmin(ReadOnlyAdmin):
    """How much the reference model wrote beside the one that answered: what baselines are computed by."""

    list_display = ("created_at", "task", "model", "reference", "output_tokens", "reference_output_tokens")
    list_filter = ("task", "model", "reference", "created_at")
