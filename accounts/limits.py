"""The limits of a workspace's plan: the one function that every feature asks before it makes something."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.transaction import TransactionManagementError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huntaze.api.errors import Problem

Counter = Callable[[UUID], int]

# These are counted from the first of the month (UTC); the others count what exists.
MONTHLY = frozenset({"ai_budget_microusd", "ai_generations"})
_counters: dict[str, Counter] = {}
_LOCK_LIMITED = """
SELECT limits FROM accounts_workspace
WHERE id = %s AND (limits -> %s -> 'value') IS DISTINCT FROM 'null'::jsonb
FOR NO KEY UPDATE
"""


class PlanLimitReached(Problem):
    status = 402
    code = "plan_limit_reached"
    title = gettext_lazy("A limit of your plan is reached.")


def register(limit: str, counter: Counter) -> None:
    """Let `counter(workspace_id)` say how much of `limit` is used; the app that owns the rows calls this once, when it is ready."""
    _counters[limit] = counter


def require(*, workspace_id: UUID, limit: str, amount: int = 1) -> None:
    """Make sure that the plan allows `amount` more of `limit`, until the caller's transaction ends.

    Locks the workspace against others who ask, unless the limit is unlimited, so the caller's rows must be written in
    the same transaction. Raises PlanLimitReached, which says how much is used, when it resets and which plan lifts it;
    LookupError for a limit that nobody registered or that billing did not write.
    """
    counter = _counters[limit]
    limits = _lock_limited(workspace_id, limit)
    if limits is None:
        return
    value: int = limits[limit]["value"]
    used = counter(workspace_id)
    if used + amount > value:
        text = _("Your plan allows %(value)d of `%(limit)s`, and %(used)d are used.") % {"value": value, "limit": limit, "used": used}
        raise PlanLimitReached(text, limit=_state(limit, used, limits[limit]))


def states_of(*, workspace_id: UUID, limits: dict[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return how each named limit stands: `name`, `used`, `value` (None is unlimited), `resets_at` and `lifted_by`.

    `limits` is what billing wrote for the workspace. Locks nothing; raises LookupError as `require` does.
    """
    return [_state(name, _counters[name](workspace_id), limits[name]) for name in names]


def _lock_limited(workspace_id: UUID, limit: str) -> dict[str, Any] | None:
    """Lock the workspace and return its limits, or do neither where this one is unlimited; one prepared statement."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("A limit is required within the transaction that uses it.")
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_LIMITED, [workspace_id, limit])
        row = cursor.fetchone()
    return None if row is None else orjson.loads(row[0])


def _state(limit: str, used: int, entry: dict[str, Any]) -> dict[str, Any]:
    resets_at = next_month(datetime.now(UTC)) if limit in MONTHLY else None
    return {"name": limit, "used": used, "value": entry["value"], "resets_at": resets_at, "lifted_by": entry["lifted_by"]}


def next_month(now: datetime) -> datetime:
    """Return the first instant of the month after `now` (UTC)."""
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
    return datetime(year, month, 1, tzinfo=UTC)
