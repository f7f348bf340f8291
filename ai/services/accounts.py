"""The account of one run of a generation: calls are noted before they are made, and settled once they have ended."""

import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from ai.errors import BudgetExceeded
from ai.models import USED, Generation, LedgerEntry
from ai.providers.base import Usage
from ai.queries import PricedModel
from ai.services import ledger
from ai.writing import BudgetSpent, Cancelled
from huntaze import leases

T = TypeVar("T")

PAUSE_SECONDS = 0.5


class Account:
    """What a run under `lease` spends on `model`.

    Before each call what it can cost at most is noted on the generation, in the transaction that settles the call before: if this
    worker is lost, the next one, or the sweeper, settles the noted call as `unknown` at that.
    """

    def __init__(self, lease: leases.Lease, generation: Generation, model: PricedModel | None) -> None:
        self._lease, self._generation, self._model = lease, generation, model
        self._usages: list[Usage] = []
        self._ended: list[LedgerEntry] = []
        self._next = uuid7()

    def open(self) -> bool:
        """Settle the call that a lost worker was making, if any; return False when the lease was lost."""
        if self._generation.calling is None:
            return True
        self._count(ledger.lost(self._generation))
        return surely(lambda: self._write(calling=None))

    def before_call(self, usages: list[Usage]) -> None:
        """Settle the calls that have ended and note the next; `usages` has one for each, the last is the most that the next can use.

        Reserves more where what was reserved is not enough. Raises BudgetSpent when the order or a budget does not allow that,
        Cancelled when the lease was lost.
        """
        *ended, most = usages
        self.end(ended)
        self._next = uuid7()
        call = self._entry(most)
        needed = self._generation.cost_nanousd - call.amount_nanousd
        limit = self._generation.input.get("max_cost_microusd")
        if limit is not None and needed > limit * 1000:
            raise BudgetSpent(
                _("A further call could cost more than the %(limit)d micro-dollars that the order allows.") % {"limit": limit}
            )
        try:
            held = surely(lambda: self._write(calling=ledger.note_of(call), needed=needed))
        except BudgetExceeded as error:
            raise BudgetSpent(str(error.detail)) from None
        finally:
            connection.close()
        if not held:
            raise Cancelled

    def end(self, usages: list[Usage]) -> dict[str, Any]:
        """Take in the calls that have ended, which used this; return the columns of what the generation has used in all its tries."""
        for usage in usages[len(self._usages) :]:
            self._usages.append(usage)
            self._count(self._entry(usage))
        return {name: getattr(self._generation, name) for name in USED} | {"calling": None}

    def settle(self) -> None:
        """Write the entries of all calls that have ended, in the caller's transaction; those that are written stay as they are."""
        if self._ended:
            ledger.settle(self._ended)

    def _entry(self, usage: Usage) -> LedgerEntry:
        model = cast("PricedModel", self._model)  # who has no model makes no calls
        return ledger.settlement(self._generation, id=self._next, model=model, usage=usage)

    def _count(self, entry: LedgerEntry) -> None:
        self._ended.append(entry)
        self._generation.count(entry)

    def _write(self, *, calling: dict[str, Any] | None, needed: int = 0) -> bool:
        """Note and settle in one transaction, which may be made again after a commit of which nobody knows whether it happened."""
        generation = self._generation
        with transaction.atomic():
            reserved = Generation.objects.filter(pk=generation.pk).values_list("reserved_nanousd", flat=True).get()
            if not self._lease.note(**self.end(self._usages) | {"calling": calling, "reserved_nanousd": max(reserved, needed)}):
                return False
            self.settle()
            if needed > reserved:
                ledger.reserve(generation, needed - reserved)
        return True


def surely(write: Callable[[], T]) -> T:
    """Write, again and again while the database is away: the text is paid for, and the lease is still being renewed."""
    deadline = time.monotonic() + settings.LEASE_SECONDS
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)
