"""What was spent day by day."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from ai.queries.usage import usage


def usage_by_day(*, workspace_id: UUID, last: date, days: int) -> list[tuple[date, dict[str, Any]]]:
    """Return the `days` days (UTC) up to `last`, oldest first, each with its sums as `usage` has them; none where nothing was settled."""
    first = last - timedelta(days=days - 1)
    found = {row["group"]: row for row in usage(workspace_id=workspace_id, first=first, last=last, group_by="day")["data"]}
    all_days = [first + timedelta(days=number) for number in range(days)]
    return [(day, found.get(day.isoformat(), {})) for day in all_days]
