"""Budgets: what a workspace, its members and its keys may spend in a day and in a month."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Membership
from ai.models import Budget, BudgetLevel
from huntaze import audit

_BEGIN_PLAN = """
INSERT INTO ai_budget (id, created_at, workspace_id, level, subject_id, period, used_nanousd, starts_on)
VALUES (gen_random_uuid(), now(), %s, 'plan', %s, 'month', 0, ai_span('month', now())) ON CONFLICT DO NOTHING
"""
_LOCK_PLAN = "SELECT 1 FROM ai_budget WHERE workspace_id = %s AND level = 'plan' FOR UPDATE"
# What was ordered in the span that runs: what it held, less what was let go.
_USED = """
SELECT coalesce(sum(e.amount_nanousd), 0) FROM ai_ledgerentry e JOIN ai_generation g ON g.id = e.generation_id
WHERE e.workspace_id = %s AND e.kind <> 'settle' AND (g.reserved_at AT TIME ZONE 'UTC')::date >= ai_span(%s, now())
  AND CASE %s WHEN 'workspace' THEN true WHEN 'member' THEN e.member_id = %s ELSE e.key_id = %s END
"""


class NoSuchSubject(Exception):
    """A budget names a member or a key that the workspace does not have; `number` says which of the budgets."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(_("There is no such member or key in this workspace."))


def set_budgets(*, workspace_id: UUID, budgets: list[dict[str, Any]]) -> None:
    """Make `budgets` all that the workspace has: each has level, subject_id, period and limit_microusd; audited.

    What was ordered in the running day or month counts from the start. Raises NoSuchSubject.
    """
    wanted = {_key(workspace_id, number, **budget): budget["limit_microusd"] for number, budget in enumerate(budgets)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BEGIN_PLAN, [workspace_id, workspace_id])
        cursor.execute(_LOCK_PLAN, [workspace_id])  # who orders counts there first, and so waits until these stand
        own = Budget.objects.in_workspace(workspace_id).exclude(level=BudgetLevel.PLAN)
        known = {(budget.level, budget.subject_id, budget.period): budget for budget in own}
        for key in known.keys() - wanted.keys():
            known[key].delete()
        for key, limit in wanted.items():
            _set(cursor, workspace_id, key, known.get(key), limit * 1000)
        was = {_name(key): budget.limit_nanousd and budget.limit_nanousd // 1000 for key, budget in known.items()}
        now = {_name(key): limit for key, limit in wanted.items()}
        changes = {name: [was.get(name), now.get(name)] for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
        audit.record("budgets.set", workspace_id=workspace_id, subject_id=workspace_id, changes=changes)


def _key(
    workspace_id: UUID, number: int, *, level: str, period: str, subject_id: UUID | None = None, **_limit: Any
) -> tuple[str, UUID, str]:
    if level == BudgetLevel.WORKSPACE:
        subject_id = subject_id or workspace_id
        exists = subject_id == workspace_id
    elif level == BudgetLevel.MEMBER:
        exists = Membership.objects.in_workspace(workspace_id).filter(user_id=subject_id).exists()
    else:
        exists = subject_id is not None and ApiKey.objects.filter(workspace_id=workspace_id, id=subject_id).exists()
    if subject_id is None or not exists:
        raise NoSuchSubject(number)
    return level, subject_id, period


def _set(cursor: Any, workspace_id: UUID, key: tuple[str, UUID, str], known: Budget | None, limit: int) -> None:
    level, subject_id, period = key
    if known is not None:
        Budget.objects.filter(pk=known.pk).update(limit_nanousd=limit)
        return
    cursor.execute(_USED, [workspace_id, period, level, subject_id, subject_id])
    (used,) = cursor.fetchone()
    today = datetime.now(UTC).date()
    starts_on = today if period == "day" else today.replace(day=1)
    fields = {"level": level, "subject_id": subject_id, "period": period, "limit_nanousd": limit, "used_nanousd": used}
    Budget.objects.create(workspace_id=workspace_id, starts_on=starts_on, **fields)


def _name(key: tuple[str, UUID, str]) -> str:
    return " ".join(map(str, key))
