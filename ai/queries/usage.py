"""Reads of the ledger: what was spent, by whom and on what; and of generations: what that saved, and what people made of it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import Count, ExpressionWrapper, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Concat, TruncDate

from ai.models import EntryKind, FeedbackRating, Generation, LedgerEntry, ModelPrice
from ai.queries.prompts import wilson
from huntaze.audit import first_id_at

GROUPS = ("model", "task", "member", "day")
_OF_ENTRIES: Mapping[str, Any] = MappingProxyType(
    {
        "model": Concat("provider", Value("/"), "model"),
        "task": F("task"),
        "member": F("member_id"),
        "day": TruncDate("created_at", tzinfo=UTC),
    }
)
_OF_GENERATIONS: Mapping[str, Any] = MappingProxyType(
    {**_OF_ENTRIES, "task": F("kind"), "member": F("created_by_id"), "day": TruncDate("finished_at", tzinfo=UTC)}
)
_TOKENS = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens")
_SUMS = ("calls", "nanousd", "prompt_cache_nanousd", *_TOKENS)
_SAVINGS = ("requests", "cost_nanousd", "baseline_nanousd", "exact_cache_nanousd")


def usage(*, workspace_id: UUID, first: date, last: date, group_by: str) -> dict[str, Any]:
    """Return `data`, the sums of each group, the dearest first, and `total`; `group_by` is model, task, member or day (UTC).

    Costs are of calls, by the time of each. `savings` and `quality` are of generations, by the time of their end, and grouped by the
    model that wrote. Makes three queries.
    """
    span = _span(first, last)
    costs = _costs(workspace_id, span, _OF_ENTRIES[group_by])
    saved = _saved(workspace_id, span, _OF_GENERATIONS[group_by])
    rated = _rated(workspace_id, span, _OF_GENERATIONS[group_by])
    groups = [
        _shown(costs.get(group), saved.get(group), rated.get(group)) | {"group": None if group is None else str(group)}
        for group in {**costs, **saved, **rated}
    ]
    groups.sort(key=lambda row: (-row["nanousd"], row["group"] or ""))
    return {"data": groups, "total": _shown(_summed(costs, _SUMS), _summed(saved, _SAVINGS), _summed(rated, ("rated", "accepted")))}


def _span(first: date, last: date) -> tuple[datetime, datetime]:
    return datetime.combine(first, time(), UTC), datetime.combine(last + timedelta(days=1), time(), UTC)


def _costs(workspace_id: UUID, span: tuple[datetime, datetime], group: Any) -> dict[Any, dict[str, int]]:
    """Return the sums of settlements; `prompt_cache_nanousd` is what the vendors' caches took off, cached tokens at input's price."""
    entries: QuerySet[LedgerEntry] = LedgerEntry.objects.in_workspace(workspace_id)
    off = ModelPrice.objects.filter(pk=OuterRef("price_id")).annotate(off=F("input_price") - F("cached_price")).values("off")
    sums = {name: Sum(name) for name in _TOKENS} | {"calls": Count("*"), "nanousd": -Sum("amount_nanousd")}
    cached = ExpressionWrapper(F("cached_tokens") * Coalesce(Subquery(off), 0) / 1000, output_field=IntegerField())
    # By the key, which is in order of time and has an index with the workspace.
    settled = entries.filter(kind=EntryKind.SETTLE, id__gte=first_id_at(span[0]), id__lt=first_id_at(span[1]))
    rows = settled.annotate(group=group, spared=cached).values("group")
    return _by_group(rows.annotate(**sums, prompt_cache_nanousd=Sum("spared")))


def _saved(workspace_id: UUID, span: tuple[datetime, datetime], group: Any) -> dict[Any, dict[str, int]]:
    """Return the sums of generations that have a baseline, those that cost more than it included."""
    rows = _ended(workspace_id, span).filter(baseline_nanousd__isnull=False).annotate(group=group).values("group")
    return _by_group(
        rows.annotate(
            requests=Count("*"),
            cost=Sum("cost_nanousd"),
            baseline=Sum("baseline_nanousd"),
            exact_cache_nanousd=Coalesce(Sum("baseline_nanousd", filter=Q(cache="exact")), 0),
        ).values("group", "requests", "exact_cache_nanousd", cost_nanousd=F("cost"), baseline_nanousd=F("baseline"))
    )


def _rated(workspace_id: UUID, span: tuple[datetime, datetime], group: Any) -> dict[Any, dict[str, int]]:
    accepted = Count("feedback", filter=Q(feedback__rating=FeedbackRating.ACCEPTED))
    rows = _ended(workspace_id, span).filter(feedback__isnull=False).annotate(group=group).values("group")
    return _by_group(rows.annotate(rated=Count("feedback"), accepted=accepted))


def _ended(workspace_id: UUID, span: tuple[datetime, datetime]) -> QuerySet[Generation]:
    generations: QuerySet[Generation] = Generation.objects.in_workspace(workspace_id)
    return generations.filter(finished_at__gte=span[0], finished_at__lt=span[1])


def _by_group(rows: Any) -> dict[Any, dict[str, int]]:
    return {row.pop("group"): row for row in rows.order_by()}


def _summed(groups: Mapping[Any, Mapping[str, int]], names: tuple[str, ...]) -> dict[str, int]:
    return {name: sum(group[name] for group in groups.values()) for name in names}


def _shown(costs: Mapping[str, int] | None, saved: Mapping[str, int] | None, rated: Mapping[str, int] | None) -> dict[str, Any]:
    shown: dict[str, Any] = dict(costs or dict.fromkeys(_SUMS, 0))
    prompt_cache = shown.pop("prompt_cache_nanousd")
    shown["cost_microusd"] = -(-shown["nanousd"] // 1000)
    return shown | {"savings": _savings(saved or dict.fromkeys(_SAVINGS, 0), prompt_cache), "quality": _quality(rated)}


def _savings(saved: Mapping[str, int], prompt_cache: int) -> dict[str, Any]:
    """Return what was saved and by what; routing is what the exact cache does not explain, and may be negative."""
    total = saved["baseline_nanousd"] - saved["cost_nanousd"]
    share = total / saved["baseline_nanousd"] if saved["baseline_nanousd"] else None
    by = {"routing_nanousd": total - saved["exact_cache_nanousd"], "prompt_cache_nanousd": prompt_cache}
    return {**saved, **by, "saved_nanousd": total, "saved_share": share}


def _quality(rated: Mapping[str, int] | None) -> dict[str, Any] | None:
    if not rated or not rated["rated"]:
        return None
    low, high = wilson(rated["accepted"], rated["rated"])
    return {**rated, "share": rated["accepted"] / rated["rated"], "low": low, "high": high}
