"""The ledger: hold what a generation may cost, settle what each call cost, let the rest go; in the caller's transactions.

Whoever takes several locks takes them in this order: the workspace, the generation, the budgets by their levels.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ai.errors import BudgetExceeded
from ai.models import FINAL, LEDGER, EntryKind, Generation, LedgerEntry, UsageSource
from ai.providers.base import Usage
from ai.queries import PricedModel
from huntaze import audit

log = logging.getLogger(__name__)

REAPED_WITHIN = timedelta(days=7)
# What stands on a generation of the call that is being made.
_OF_CALL = ("id", "attempt", "amount_nanousd", "provider", "model", "price_id", "input_tokens", "output_tokens")
_HOLD = "SELECT level, period, limit_nanousd, used_nanousd, resets_at FROM ai_hold(%s, %s, %s, %s, %s, %s)"
_LET_GO = "SELECT ai_let_go(%s, %s, %s, %s, %s)"


def reserve(generation: Generation, amount: int) -> None:
    """Hold `amount` nano-dollars more for the calls of a generation, in every budget that bounds it.

    Raises BudgetExceeded, upon which the caller's transaction must end, where one has not that much left.
    """
    if refusal := _hold(generation, amount, force=False):
        raise _exceeded(*refusal)
    _entry(generation, EntryKind.RESERVE, amount).save(force_insert=True)


def settlement(generation: Generation, *, id: UUID, model: PricedModel, usage: Usage) -> LedgerEntry:
    """Return the entry, not saved, of one call with what it used, or can use at most."""
    return _entry(
        generation,
        EntryKind.SETTLE,
        -model.cost_nanousd(usage),
        id=id,
        provider=model.provider,
        model=model.name,
        price_id=model.price_id,
        input_tokens=usage.input_tokens,
        cached_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
        usage_source=usage.source,
    )


def note_of(entry: LedgerEntry) -> dict[str, Any]:
    """Return what stands on the generation, as JSON, while the call of this settlement is made."""
    return {name: str(value) if isinstance(value := getattr(entry, name), UUID) else value for name in _OF_CALL}


def lost(generation: Generation) -> LedgerEntry:
    """Return the settlement, not saved, of the call that a lost worker was making: `unknown`, at the most that it can have cost."""
    return _entry(generation, EntryKind.SETTLE, **(generation.calling or {}), usage_source=UsageSource.UNKNOWN)


def settle(entries: Iterable[LedgerEntry]) -> None:
    """Write settlements; one that is written already stays as it is."""
    LedgerEntry.objects.bulk_create(entries, ignore_conflicts=True)


def close(generation: Generation) -> None:
    """Let go of what is still held for a generation that has ended, so that its entries sum to zero.

    A vendor that billed more than the most that we knew of is paid all the same: the difference is reserved, whatever the budgets say.
    """
    if not generation.reserved_nanousd:
        return
    rest = LedgerEntry.objects.filter(generation_id=generation.pk).aggregate(rest=Sum("amount_nanousd"))["rest"] or 0
    if rest > 0:
        _entry(generation, EntryKind.RELEASE, -rest).save(force_insert=True)
        with connection.cursor() as cursor:
            cursor.execute(_LET_GO, [*_spender(generation), rest, generation.reserved_at])
    elif rest < 0:
        log.warning("Generation %s cost %s nano-dollars more than was reserved", generation.pk, -rest)
        _hold(generation, -rest, force=True)
        _entry(generation, EntryKind.RESERVE, -rest).save(force_insert=True)


def reap() -> int:
    """Close what is held for generations of the last week that have ended otherwise, or are erased; return for how many.

    Where the row is gone nobody knows if a call was being made: what was held is settled as `unknown`.
    """
    since = audit.first_id_at(timezone.now() - REAPED_WITHIN)
    held = LedgerEntry.objects.filter(id__gte=since).values("generation_id").annotate(rest=Sum("amount_nanousd")).exclude(rest=0)
    reaped = [_reap(generation_id) for generation_id in held.values_list("generation_id", flat=True)]
    return sum(reaped)


def seal() -> int:
    """Seal what was committed since the last time, as the audit log is; return how many entries."""
    return audit.seal(LEDGER)


def _reap(generation_id: UUID) -> bool:
    with transaction.atomic():
        generation = Generation.objects.select_for_update().filter(pk=generation_id).first()
        if generation is not None and generation.status not in FINAL:
            return False
        entries = LedgerEntry.objects.filter(generation_id=generation_id)
        rest = entries.aggregate(rest=Sum("amount_nanousd"))["rest"]
        if not rest:
            return False
        if generation is not None:
            close(generation)
        else:
            first = entries.order_by("id")[0]
            whose = {name: getattr(first, name) for name in ("workspace_id", "generation_id", "member_id", "key_id", "task")}
            LedgerEntry.objects.create(**whose, kind=EntryKind.SETTLE, amount_nanousd=-rest, usage_source=UsageSource.UNKNOWN)
    log.warning("What was held for generation %s was let go by the reaper", generation_id)
    return True


def _hold(generation: Generation, amount: int, *, force: bool) -> tuple[Any, ...] | None:
    """Count `amount` in every budget of the generation's spender; return the one that refused, with nothing to be committed."""
    if amount == 0:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [*_spender(generation), amount, generation.reserved_at, force])
        refusal: tuple[Any, ...] | None = cursor.fetchone()
    return refusal


def _spender(generation: Generation) -> tuple[UUID, UUID | None, UUID | None]:
    return generation.workspace_id, generation.created_by_id, generation.key_id


def _entry(generation: Generation, kind: EntryKind, amount_nanousd: int, **columns: Any) -> LedgerEntry:
    workspace_id, member_id, key_id = _spender(generation)
    whose = {
        "workspace_id": workspace_id,
        "member_id": member_id,
        "key_id": key_id,
        "generation_id": generation.pk,
        "task": generation.kind,
    }
    return LedgerEntry(kind=kind, amount_nanousd=amount_nanousd, **whose, **{"attempt": generation.attempts, **columns})


def _exceeded(level: str, period: str, limit: int, used: int, resets_at: Any) -> BudgetExceeded:
    detail = _("The budget of the %(level)s for this %(period)s does not have this much left.") % {"level": level, "period": period}
    # What is used is shown rounded up, as every cost.
    told = {"name": "ai_budget", "level": level, "period": period, "value": limit // 1000, "used": -(-used // 1000), "resets_at": resets_at}
    return BudgetExceeded(detail, limit=told)
