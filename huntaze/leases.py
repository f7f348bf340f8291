"""Durable work: the row is the truth, a Celery message is only a wake-up.

A worker claims a row by one conditional UPDATE on the database's clock, renews its lease while it works, and
finishes with its token as a fence: whoever lost the lease can no longer write. A worker that is stopped on purpose gives back
what it cannot finish. `wake_at` says when the sweeper should next send a wake-up, whatever became of the last one. A row whose
tries are used up is a dead letter.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from celery import Task
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

QUEUED = "queued"
RUNNING = "running"
WAKE_AFTER = timedelta(seconds=5)
SWEEP_LIMIT = 500
STOP_GRACE_SECONDS = 2.0  # `manage.py up` kills a worker that takes longer than five seconds to stop


class LeasedWork(models.Model):
    """Columns of a row that a worker works on; the table adds `status`, with `queued` and `running` among its values."""

    max_attempts = 2

    lease_token = models.UUIDField(_("lease token"), null=True, editable=False)
    lease_expires_at = models.DateTimeField(_("lease expires at"), null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)
    wake_at = models.DateTimeField(_("next wake-up"), null=True, editable=False, db_default=Now() + WAKE_AFTER)

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Lease:
    """The right of one worker to finish one row."""

    model: type[Any]
    pk: UUID
    token: UUID

    def renew(self) -> bool:
        """Extend the lease; return False when another worker, or nobody, holds the row now."""
        return bool(self._held().update(**_lease_until()))

    def note(self, **values: Any) -> bool:
        """Write `values` while the work goes on; return False, with nothing written, when the lease was lost."""
        return bool(self._held().update(**values))

    def give_back(self, **values: Any) -> bool:
        """Put the row back among those that wait, the try not counted and a wake-up due; return False when the lease was lost."""
        unclaimed = {"status": QUEUED, "attempts": F("attempts") - 1, "lease_token": None, "lease_expires_at": None, "wake_at": Now()}
        return bool(self._held().update(**unclaimed, **values))

    def put_off(self, delay: timedelta, **values: Any) -> bool:
        """Put the row back for another try, this one counted, with a wake-up due in `delay`; return False when the lease was lost."""
        unclaimed = {"status": QUEUED, "lease_token": None, "lease_expires_at": None, "wake_at": Now() + delay}
        return bool(self._held().update(**unclaimed, **values))

    def finish(self, **values: Any) -> bool:
        """Write the outcome and let the row go; return False, with nothing written, when the lease was lost."""
        return bool(self._held().update(lease_token=None, lease_expires_at=None, wake_at=None, **values))

    def _held(self) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = self.model._default_manager.filter(pk=self.pk, lease_token=self.token, status=RUNNING)
        return rows


def claim(model: type[Any], pk: UUID, **values: Any) -> Lease | None:
    """Take the row for `LEASE_SECONDS`, writing `values`, if it waits or its lease ran out and tries are left; else return None."""
    token = uuid4()
    waiting = Q(status=QUEUED) | Q(status=RUNNING, lease_expires_at__lt=Now())
    rows = model._default_manager.filter(waiting, pk=pk, attempts__lt=model.max_attempts)
    claimed = rows.update(status=RUNNING, lease_token=token, attempts=F("attempts") + 1, **_lease_until(), **values)
    return Lease(model, pk, token) if claimed else None


def bury(model: type[Any], pk: UUID, **values: Any) -> bool:
    """Write `values` to a row whose lease ran out with no tries left; return False if it is not, or no longer, dead."""
    rows = model._default_manager.filter(pk=pk, status=RUNNING, lease_expires_at__lt=Now(), attempts__gte=model.max_attempts)
    return bool(rows.update(lease_token=None, lease_expires_at=None, wake_at=None, **values))


@dataclass(frozen=True)
class Due:
    """What a sweep found: rows to wake a worker for, and dead letters."""

    wake: list[UUID]
    dead: list[UUID]


def sweep(model: type[Any]) -> Due:
    """Return up to 500 rows whose wake-up is due, and put their next one off by `WAKE_AFTER`; safe side by side."""
    with transaction.atomic():
        due = model._default_manager.filter(wake_at__lte=Now()).order_by("wake_at").select_for_update(skip_locked=True)
        rows = list(due.values_list("pk", "attempts", "status")[:SWEEP_LIMIT])
        model._default_manager.filter(pk__in=[pk for pk, _attempts, _status in rows]).update(wake_at=Now() + WAKE_AFTER)
    dead = [pk for pk, attempts, status in rows if status == RUNNING and attempts >= model.max_attempts]
    return Due(wake=[pk for pk, _attempts, _status in rows if pk not in dead], dead=dead)


def wake(task: Task[Any, Any], pk: UUID) -> None:
    """Tell a worker, from a thread of its own, that row `pk` waits for `task`; if that fails the sweeper does it in seconds."""
    _wake_ups().put((task, pk))


def wake_now(task: Task[Any, Any], pk: UUID) -> None:
    """Tell a worker, before this returns, that row `pk` waits for `task`: for a process that is about to end."""
    try:
        task.delay(str(pk))
    except Exception as error:  # noqa: BLE001  (the sweeper does it in seconds, whatever the fault of the broker's client)
        log.warning("No wake-up for %s %s: %s", task.name, pk, error)


@cache
def _wake_ups() -> "SimpleQueue[tuple[Task[Any, Any], UUID]]":
    """Return the queue of wake-ups to send, and start the thread that sends them: no request waits for the broker."""
    queue: SimpleQueue[tuple[Task[Any, Any], UUID]] = SimpleQueue()

    def send() -> None:
        while True:
            wake_now(*queue.get())

    threading.Thread(target=send, name="wake-ups", daemon=True).start()
    return queue


class _Stop:
    """When the work in this process ends, by `time.monotonic()`."""

    at = math.inf


def stop_soon() -> None:
    """Let the work in this process end within `STOP_GRACE_SECONDS`, and what does not be given back; a signal handler may call this."""
    _Stop.at = min(_Stop.at, time.monotonic() + STOP_GRACE_SECONDS)


def must_give_back() -> bool:
    """Return whether this process stops and the time to finish its work is over."""
    return time.monotonic() >= _Stop.at


@contextmanager
def kept_alive(lease: Lease, *, interval: float, is_wanted: Callable[[], bool], stop: Callable[[], None]) -> "Iterator[None]":
    """Renew `lease` from a thread of its own while the block runs.

    Every `interval` seconds the thread asks `is_wanted()`; when that is False, the lease is lost, or the work must be given
    back, it calls `stop()` once (from its thread) and ends. A renewal is due after a third of the lease, and stays due while the
    database is away. No connection is held between turns: a full pool must not stop a renewal.
    """
    done = threading.Event()

    def beat() -> None:
        renew_after = settings.LEASE_SECONDS / 3
        renewed = time.monotonic()
        while not done.wait(interval):
            try:
                wanted = not must_give_back() and is_wanted()
                if wanted and time.monotonic() - renewed >= renew_after:
                    wanted, renewed = lease.renew(), time.monotonic()
            except (OperationalError, InterfaceError):
                continue
            finally:
                connection.close()
            if not wanted:
                stop()
                break

    thread = threading.Thread(target=beat, name=f"lease-{lease.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _lease_until() -> dict[str, Any]:
    until = Now() + timedelta(seconds=settings.LEASE_SECONDS)
    return {"lease_expires_at": until, "wake_at": until}
