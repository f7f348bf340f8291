"""Proof that costs follow from what was stored: each settlement is computed again from its tokens and its price's row."""

import logging
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.utils import timezone

from ai import pricing
from ai.models import FINAL, EntryKind, Generation, LedgerEntry, ModelPrice
from huntaze import audit, events
from huntaze.models import INSTALLATION_CHAIN

log = logging.getLogger(__name__)

PROVED_NIGHTLY = timedelta(days=2)
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Drift:
    """A settlement that its price does not explain, or a generation that has ended and still holds something; in nano-dollars."""

    workspace_id: UUID
    generation_id: UUID
    entry_id: UUID | None
    stored: int
    expected: int


def drifts(*, since: timedelta | None = None) -> Iterator[Drift]:
    """Yield what is not as it should be in the entries of the last `since`, or in all; memory is bounded by the price list."""
    entries = LedgerEntry.objects.all()
    if since is not None:
        entries = entries.filter(id__gte=audit.first_id_at(timezone.now() - since))
    yield from _mispriced(entries)
    ended = Generation.objects.filter(status__in=FINAL).values("id")
    touched = entries.filter(generation_id__in=ended).values("generation_id")
    sums = LedgerEntry.objects.filter(generation_id__in=touched).values("workspace_id", "generation_id").order_by("generation_id")
    for row in sums.annotate(held=Sum("amount_nanousd")).exclude(held=0).iterator(ROWS_AT_ONCE):
        yield Drift(row["workspace_id"], row["generation_id"], None, row["held"], 0)


def report_drift() -> int:
    """Look at the settlements of the last two days; log each drift and emit one event of how many there are. Return how many."""
    found = list(drifts(since=PROVED_NIGHTLY))
    for drift in found:
        log.error("Generation %s, ledger entry %s: %s nano-dollars stored, %s expected", *astuple(drift)[1:])
    if found:
        events.emit("ledger.drifted", workspace_id=None, subject_id=INSTALLATION_CHAIN, data={"entries": len(found)})
    return len(found)


def _mispriced(entries: QuerySet[LedgerEntry]) -> Iterator[Drift]:
    prices = ModelPrice.objects.in_bulk()
    for entry in entries.filter(kind=EntryKind.SETTLE).exclude(provider="").iterator(ROWS_AT_ONCE):
        price = prices.get(entry.price_id) if entry.price_id else None
        expected = -pricing.cost_nanousd(price, entry) if price else 0
        if expected != entry.amount_nanousd:
            yield Drift(entry.workspace_id, entry.generation_id, entry.id, -entry.amount_nanousd, -expected)
