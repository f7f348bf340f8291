"""What the whole installation spent on AI."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from ai.models import EntryKind, LedgerEntry
from huntaze.audit import first_id_at


@dataclass(frozen=True)
class Spending:
    """What one model cost in each of some days, oldest first, in nano-dollars; `calls` and tokens are of the later half of the days."""

    provider: str
    model: str
    nanousd: Sequence[int]
    calls: int
    input_tokens: int
    output_tokens: int

    @property
    def recent(self) -> int:
        """Return what the later half of the days cost."""
        return sum(self.nanousd[len(self.nanousd) // 2 :])


def spending_by_model(*, last: date, days: int) -> list[Spending]:
    """Return what each model cost in the 2 x `days` days (UTC) up to `last`, the dearest of the later half first. Makes one query."""
    first = last - timedelta(days=2 * days - 1)
    begin, end = (first_id_at(datetime.combine(day, time(), UTC)) for day in (first, last + timedelta(days=1)))
    entries = LedgerEntry.objects.filter(kind=EntryKind.SETTLE, id__gte=begin, id__lt=end)  # by the key, which is in order of time
    rows = entries.annotate(day=TruncDate("created_at", tzinfo=UTC)).values("provider", "model", "day")
    sums = rows.annotate(cost=-Sum("amount_nanousd"), calls=Count("*"), read=Sum("input_tokens"), written=Sum("output_tokens"))
    found: dict[tuple[str, str], dict[date, dict[str, int]]] = {}
    for row in sums.order_by():
        found.setdefault((row["provider"], row["model"]), {})[row["day"]] = row
    all_days = [first + timedelta(days=number) for number in range(2 * days)]
    spendings = [
        Spending(
            provider,
            model,
            [by_day[day]["cost"] if day in by_day else 0 for day in all_days],
            *(sum(by_day[day][name] for day in all_days[days:] if day in by_day) for name in ("calls", "read", "written")),
        )
        for (provider, model), by_day in found.items()
    ]
    return sorted(spendings, key=lambda one: (-one.recent, one.provider, one.model))
