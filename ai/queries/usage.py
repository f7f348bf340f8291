"""Reads of the ledger: what was spent, by whom and on what."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import Count, F, QuerySet, Sum, Value
from django.db.models.functions import Concat, TruncDate

from ai.models import EntryKind, LedgerEntry

_GROUPS: Mapping[str, Any] = MappingProxyType(
    {
        "model": Concat("provider", Value("/"), "model"),
        "task": F("task"),
        "member": F("member_id"),
        "day": TruncDate("created_at", tzinfo=UTC),
    }
)
_TOKENS = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens")


def spent(*, workspace_id: UUID, first: date, last: date) -> QuerySet[LedgerEntry]:
    """Return the settlements of the days from `first` to `last`, by UTC, both included."""
    start = datetime.combine(first, time(), UTC)
    end = datetime.combine(last + timedelta(days=1), time(), UTC)
    entries: QuerySet[LedgerEntry] = LedgerEntry.objects.in_workspace(workspace_id)
    return entries.filter(kind=EntryKind.SETTLE, created_at__gte=start, created_at__lt=end)


def usage(*, workspace_id: UUID, first: date, last: date, group_by: str) -> dict[str, Any]:
    """Return `data`, the sums of each group, the dearest first, and `total`; `group_by` is model, task, member or day."""
    sums = {name: Sum(name) for name in _TOKENS} | {"calls": Count("*"), "nanousd": -Sum("amount_nanousd")}
    entries: Any = spent(workspace_id=workspace_id, first=first, last=last)
    rows = entries.annotate(group=_GROUPS[group_by]).values("group").annotate(**sums)
    groups = [_shown(row) for row in rows.order_by("-nanousd", "group")]
    total = {name: sum(group[name] for group in groups) for name in ("calls", "nanousd", *_TOKENS)}
    return {"data": groups, "total": total | {"cost_microusd": -(-total["nanousd"] // 1000)}}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    group = row["group"]
    return row | {"group": None if group is None else str(group), "cost_microusd": -(-row["nanousd"] // 1000)}
