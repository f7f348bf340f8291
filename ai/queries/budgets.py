"""Reads of budgets."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.limits import next_month
from accounts.models import Workspace
from ai.models import Budget, BudgetLevel, BudgetPeriod

_ORDER = {level: number for number, level in enumerate(BudgetLevel.values)}


def budgets_of(workspace_id: UUID) -> list[dict[str, Any]]:
    """Return every budget of a workspace, the plan's first, with its limit and what is used, in micro-dollars, and when it begins anew."""
    limit = Workspace.objects.values_list("limits", flat=True).get(pk=workspace_id).get("ai_budget_microusd", {"value": 0})["value"]
    rows = list(Budget.objects.in_workspace(workspace_id))
    if not any(row.level == BudgetLevel.PLAN for row in rows):
        rows.append(Budget(level=BudgetLevel.PLAN, subject_id=workspace_id, period=BudgetPeriod.MONTH, starts_on=date.min))
    rows.sort(key=lambda row: (_ORDER[row.level], row.subject_id, row.period))
    return [_state(row, limit if row.level == BudgetLevel.PLAN else row.limit_nanousd // 1000) for row in rows]


def spent_of_plan_microusd(workspace_id: UUID) -> int:
    """Return what of the plan's monthly allowance is spent or held, rounded up."""
    (plan, *_others) = budgets_of(workspace_id)
    used: int = plan["used_microusd"]
    return used


def _state(row: Budget, limit: int | None) -> dict[str, Any]:
    now = datetime.now(UTC)
    if row.period == BudgetPeriod.DAY:
        starts_on, resets_at = now.date(), datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    else:
        starts_on, resets_at = now.date().replace(day=1), next_month(now)
    used = row.used_nanousd if row.starts_on >= starts_on else 0
    state = {"level": row.level, "subject_id": row.subject_id, "period": row.period, "resets_at": resets_at}
    return state | {"limit_microusd": limit, "used_microusd": -(-used // 1000)}
