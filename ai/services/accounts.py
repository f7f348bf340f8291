"""The account of one run of a generation: calls are noted before they are made, and settled once they have ended."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from ai.errors import BudgetExceeded
from ai.models import USED, Generation, LedgerEntry
from ai.queries import PricedModel
from ai.routing.router import Work
from ai.services import ledger, routes, savings
from ai.writing import BudgetSpent, Call, Cancelled, Outcome, Step
from huntaze import leases

T = TypeVar("T")

PAUSE_SECONDS = 0.5


class Account:
    """What a run under `lease` spends, and on which models.

    Before each call what it can cost at most is noted on the generation, in the transaction that settles the call before: if this
    worker is lost, the next one, or the sweeper, settles the noted call as `unknown` at that.
    """

    def __init__(self, lease: leases.Lease, generation: Generation) -> None:
        self._lease, self._generation = lease, generation
        self._models: dict[tuple[str, str], PricedModel] = {}
        self._reference: PricedModel | None = None
        self._calls = 0
        self._ended: list[LedgerEntry] = []
        self._next = uuid7()

    def open(self) -> bool:
        """Settle the call that a lost worker was making, if any; return False when the lease was lost."""
        if self._generation.calling is None:
            return True
        self._count(ledger.lost(self._generation))
        return surely(lambda: self._write(calling=None))

    def plan(self, work: Work) -> list[Step]:
        """Return what is asked in turn, and keep the route on the generation. Raises NoRoute."""
        self._generation.route = None
        try:
            chosen = routes.plan(work, self._generation)
        finally:
            connection.close()  # the provider may take minutes, and the pool is small
        self._models = {model.key: model for model in chosen.models}
        self._reference = chosen.reference
        self._generation.route = chosen.route.as_json()
        return chosen.steps()

    def before_call(self, calls: list[Call]) -> None:
        """Settle the calls that have ended and note the last of `calls`, the next one, which is told at its most.

        Reserves more where what was reserved is not enough. Raises BudgetSpent when the order or a budget does not allow that,
        Cancelled when the lease was lost.
        """
        *ended, following = calls
        self.end(ended)
        self._next = uuid7()
        call = self._entry(following)
        needed = self._generation.cost_nanousd - call.amount_nanousd
        limit = self._generation.limit_nanousd
        if limit is not None and needed > limit:
            raise BudgetSpent(
                _("A further call could cost more than the %(limit)d micro-dollars that the order allows.") % {"limit": limit // 1000}
            )
        try:
            held = surely(lambda: self._write(calling=ledger.note_of(call), needed=needed))
        except BudgetExceeded as error:
            raise BudgetSpent(str(error.detail)) from None
        finally:
            connection.close()
        if not held:
            raise Cancelled

    def end(self, calls: list[Call]) -> dict[str, Any]:
        """Take in the calls that have ended; return the columns of what the generation has used in all its tries."""
        for call in calls[self._calls :]:
            self._calls += 1
            self._count(self._entry(call))
        return {name: getattr(self._generation, name) for name in (*USED, "route")} | {"calling": None}

    def baseline_nanousd(self, outcome: Outcome) -> int | None:
        """Return what the route's reference model alone would have cost; see `ai.services.savings`."""
        return savings.baseline_nanousd(self._generation.kind, outcome, self._reference)

    def settle(self) -> None:
        """Write the entries of all calls that have ended, in the caller's transaction; those that are written stay as they are."""
        if self._ended:
            ledger.settle(self._ended)

    def _entry(self, call: Call) -> LedgerEntry:
        return ledger.settlement(self._generation, id=self._next, model=self._models[call.step.key], usage=call.usage)

    def _count(self, entry: LedgerEntry) -> None:
        self._ended.append(entry)
        self._generation.count(entry)

    def _write(self, *, calling: dict[str, Any] | None, needed: int = 0) -> bool:
        """Note and settle in one transaction, which may be made again after a commit of which nobody knows whether it happened."""
        generation = self._generation
        with transaction.atomic():
            reserved = Generation.objects.filter(pk=generation.pk).values_list("reserved_nanousd", flat=True).get()
            if not self._lease.note(**self.end([]) | {"calling": calling, "reserved_nanousd": max(reserved, needed)}):
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
