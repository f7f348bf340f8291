"""Order, run, cancel and sweep generations."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits
from ai import providers, stream, tasks
from ai.errors import BudgetExceeded, GenerationNotOpen
from ai.models import FINAL, USED, Generation, GenerationStatus
from ai.providers.base import Usage, estimate_tokens
from ai.routing.router import NoRoute
from ai.services import cache, ledger, routes, savings
from ai.services.accounts import Account, surely
from ai.services.assignments import assignment_of, seed_of
from ai.services.routes import Plan
from ai.signals import generation_finished
from ai.stream import Writer
from ai.writing import Outcome, Writing
from huntaze import audit, context, events, leases, personal
from huntaze.models import ActorKind

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 0.5
CANCELLED = {"status": GenerationStatus.CANCELLED, "error": None}


def request_generation(
    *, workspace_id: UUID, created_by_id: UUID, kind: str, order: dict[str, Any], max_cost_microusd: int | None
) -> Generation:
    """Queue one generation and wake a worker once the transaction has committed.

    `order` is what the assignment of its kind reads. What the dearest path of its route could cost is held in the ledger. Raises
    PlanLimitReached, or BudgetExceeded where not even one call for each variant fits into `max_cost_microusd` or a budget; an order
    that is taken stops before it has cost more.
    """
    now = context.current()
    key_id = now.credential_id if now.actor_kind == ActorKind.KEY else None
    generation = Generation(workspace_id=workspace_id, created_by_id=created_by_id, key_id=key_id, kind=kind, input=order)
    if max_cost_microusd is not None:
        generation.input = {**order, "max_cost_microusd": max_cost_microusd}
    writing = Writing(assignment=assignment_of(generation))
    chosen = _plan(writing, generation)
    if chosen is not None:
        _refuse_dearer_than(generation.limit_nanousd, chosen.route.cost_nanousd)
        generation.route, generation.reserved_nanousd = chosen.route.as_json(), chosen.route.cost_nanousd
        generation.cache_key = cache.key_of(writing, chosen.route)
    with transaction.atomic():
        limits.require(workspace_id=workspace_id, limit="ai_generations")
        generation.save(force_insert=True)
        audit.record("generation.create", workspace_id=workspace_id, subject_id=generation.id, changes={"kind": [None, kind]})
        if generation.reserved_nanousd:
            ledger.reserve(generation, generation.reserved_nanousd)
        transaction.on_commit(lambda: leases.wake(tasks.run_generation, generation.id))
    return generation


def estimate_generation(*, workspace_id: UUID, kind: str, order: dict[str, Any]) -> dict[str, Any]:
    """Return `provider` and `model` that would be asked first, and `low_microusd` and `high_microusd` of what an order may cost.

    Low is each variant written once by it, at half of its greatest length; high is the dearest path of the route, which an order holds.
    """
    generation = Generation(workspace_id=workspace_id, kind=kind, input=order)
    assignment = assignment_of(generation)
    chosen = _plan(Writing(assignment=assignment), generation)
    if chosen is None:
        return {"provider": "template", "model": "", "low_microusd": 0, "high_microusd": 0}
    first = chosen.models[0]
    prompt_tokens = sum(estimate_tokens(message.content) for message in assignment.messages())
    once = Usage(prompt_tokens, 0, assignment.max_output_tokens // 2, "estimated")
    low, high = order["variants"] * first.cost_nanousd(once), chosen.route.cost_nanousd
    return {"provider": first.provider, "model": first.name, "low_microusd": -(-low // 1000), "high_microusd": -(-high // 1000)}


def run_generation(*, generation_id: UUID | str) -> None:
    """Write a generation that waits, or whose worker was lost; do nothing where another worker holds it.

    The provider is called outside of any transaction. The outcome is written by the lease's holder only. A worker that stops
    before it is done puts the generation back and wakes another.
    """
    lease = _claim(UUID(str(generation_id)))
    if lease is None:
        return
    generation = Generation.objects.get(pk=lease.pk)
    stream = Writer(generation.id, attempt=generation.attempts)
    account = Account(lease, generation)
    if not account.open():
        return
    if (known := cache.answer_for(generation)) is not None:
        _repeat(lease, account, stream, known)
        return
    writing = Writing(
        assignment=assignment_of(generation),
        seed=seed_of(generation),
        plan=account.plan,
        emit=stream.append,
        before_call=account.before_call,
    )
    if generation.cancel_requested_at:
        writing.stop()
    with leases.kept_alive(lease, interval=HEARTBEAT_SECONDS, is_wanted=lambda: _is_wanted(lease), stop=writing.stop):
        outcome = _run(writing, lease.pk)
        end = _end(writing, outcome)
        status = surely(lambda: _finish(lease, account, outcome, end))
    if status == GenerationStatus.QUEUED:
        leases.wake_now(tasks.run_generation, lease.pk)
    elif status is not None:
        stream.append("done", {"status": status})


def cancel_generation(*, generation: Generation) -> Generation:
    """Stop a generation: one that waits ends at once, one in work within a second; what it used stays due.

    Once this has returned the generation ends as cancelled, however near its worker was. Raises GenerationNotOpen, which says
    how it ended, when it has already ended.
    """
    with transaction.atomic():
        row: Generation = Generation.objects.select_for_update().get(pk=generation.pk)
        if row.status in FINAL:
            raise GenerationNotOpen(_("It has ended as %(status)s.") % {"status": row.status})
        row.cancel_requested_at = row.cancel_requested_at or timezone.now()
        if row.status == GenerationStatus.QUEUED:
            row.status, row.finished_at, row.wake_at = GenerationStatus.CANCELLED, timezone.now(), None
            transaction.on_commit(lambda: Writer(row.pk, attempt=row.attempts).append("done", {"status": row.status}))
        row.save(update_fields=["cancel_requested_at", "status", "finished_at", "wake_at"])
        audit.record("generation.cancel", workspace_id=row.workspace_id, subject_id=row.pk)
        if row.status == GenerationStatus.CANCELLED:
            _announce(row)
            ledger.close(row)
    return row


def sweep_generations() -> None:
    """Wake a worker for each generation that waits or whose worker was lost; fail those with no tries left."""
    due = leases.sweep(Generation)
    for generation_id in due.wake:
        leases.wake(tasks.run_generation, generation_id)
    for generation_id in due.dead:
        _bury(generation_id)


def erase_streams(subject: personal.Subject) -> int:
    """Remove what Valkey still holds of texts written in the person's workspaces; return how many streams. Raises RedisError."""
    since = timezone.now() - timedelta(seconds=stream.LIFETIME_SECONDS)
    rows = Generation.objects.filter(Q(finished_at=None) | Q(finished_at__gt=since), workspace_id__in=subject.workspace_ids)
    return stream.delete(rows.values_list("id", flat=True))


def attach_asset(*, generation: Generation, asset_id: UUID | None, reason: str = "") -> None:
    """Note on a generation which asset its first variant became, or why none."""
    generation.asset_id, generation.asset_reason = asset_id, reason
    generation.save(update_fields=["asset_id", "asset_reason"])


def _claim(pk: UUID) -> leases.Lease | None:
    """Take the generation, or return None: another worker has it, or writes the same order, after which this one is woken."""
    try:
        return leases.claim(Generation, pk, started_at=Now())
    except IntegrityError as error:
        if "one_generation_in_flight_per_cache_key" not in str(error):
            raise
        return None


def _repeat(lease: leases.Lease, account: Account, stream: Writer, known: Generation) -> None:
    """Give the lease's generation the texts of one that was written for the same order, at no cost."""
    stream.append("started", {"provider": known.provider})
    for output in known.outputs:
        stream.append("text", {"variant": output["variant"], "offset": 0, "text": output["text"]})
    copied = ("outputs", "provider", "model", "prompt_name", "prompt_hash", "checks", "baseline_nanousd")
    end = {name: getattr(known, name) for name in copied} | {"cache": Generation.Cache.EXACT}
    status = surely(lambda: _finish(lease, account, Outcome(), end | {"status": GenerationStatus.SUCCEEDED, "finished_at": Now()}))
    if status is not None:
        stream.append("done", {"status": status})


def _plan(writing: Writing, generation: Generation) -> Plan | None:
    """Return who would write a generation that is to be ordered, or None where templates or rules would."""
    if writing.assignment.decided() or not providers.configured():
        return None
    try:
        return routes.plan(writing.work(), generation)
    except NoRoute:
        return None


def _refuse_dearer_than(limit: int | None, cost: int) -> None:
    """Raise BudgetExceeded where `cost` is more than `limit`, both in nano-dollars."""
    if limit is not None and cost > limit:
        told = {"limit": limit // 1000, "cost": -(-cost // 1000)}
        detail = _("This may cost up to %(cost)d micro-dollars; the request allows %(limit)d.") % told
        raise BudgetExceeded(detail, limit={"name": "max_cost_microusd", "value": told["limit"], "used": told["cost"]})


def _is_wanted(lease: leases.Lease) -> bool:
    row = Generation.objects.filter(pk=lease.pk).values_list("lease_token", "cancel_requested_at").first()
    return row == (lease.token, None)


def _run(writing: Writing, generation_id: UUID) -> Outcome:
    """Write, and turn a fault of our own into an outcome: run again it would fail again, at the provider's price."""
    try:
        return writing.run()
    except Exception:
        log.exception("Generation %s failed by a fault of ours", generation_id)
        outcome = writing.outcome
        outcome.error = {"code": "internal_error", "detail": _("Something went wrong on our side; it is in the log.")}
        return outcome


def _finish(lease: leases.Lease, account: Account, outcome: Outcome, end: dict[str, Any]) -> str | None:
    """Write the outcome, settle it and tell the other apps in one transaction; return the status, or None when the lease was lost.

    Where nobody asked for the end but the worker's own stop, the generation goes back among those that wait.
    """
    used = account.end(outcome.calls)
    end = {"baseline_nanousd": account.baseline_nanousd(outcome), **end}
    with transaction.atomic():
        if _is_cancelled(lease.pk):
            end |= CANCELLED
        elif end["status"] == GenerationStatus.CANCELLED and leases.must_give_back() and lease.give_back(**used):
            account.settle()
            log.info("Generation %s was given back: this worker stops", lease.pk)
            return GenerationStatus.QUEUED
        if not lease.finish(**used, **end):
            log.warning("A late result for generation %s was refused", lease.pk)
            return None
        account.settle()
        generation = Generation.objects.get(pk=lease.pk)
        savings.note_shadow(generation.kind, outcome)
        _announce(generation)
        ledger.close(generation)
        if generation.cache_key:
            transaction.on_commit(lambda: _wake_same(generation))
    return generation.status


def _wake_same(generation: Generation) -> None:
    """Wake a worker for each generation that waited for this one, which had the same order."""
    waiting = Generation.objects.in_workspace(generation.workspace_id).filter(
        cache_key=generation.cache_key, status=GenerationStatus.QUEUED
    )
    for pk in waiting.values_list("pk", flat=True):
        leases.wake(tasks.run_generation, pk)


def _is_cancelled(generation_id: UUID) -> bool:
    """Lock the row, and return whether its end was asked for: whoever was told that it stops must not see it succeed."""
    rows = Generation.objects.select_for_update().filter(pk=generation_id)
    return rows.values_list("cancel_requested_at", flat=True).first() is not None


def _end(writing: Writing, outcome: Outcome) -> dict[str, Any]:
    """Return the columns of the outcome; who wrote the first text by a model counts as the writer, or who was asked first for none."""
    ended_early = GenerationStatus.CANCELLED if outcome.cancelled else GenerationStatus.FAILED if outcome.error else None
    provider, model = writing.writer
    return {
        "status": ended_early or GenerationStatus.SUCCEEDED,
        "outputs": outcome.outputs,
        "provider": provider,
        "model": model,
        "prompt_name": writing.assignment.prompt.name,
        "prompt_hash": writing.assignment.prompt.hash,
        "checks": outcome.checks,
        "error": outcome.error,
        "finished_at": Now(),
    }


def _bury(generation_id: UUID) -> None:
    detail = _("The workers that wrote this were lost %(times)d times.") % {"times": Generation.max_attempts}
    failed = {"status": GenerationStatus.FAILED, "error": {"code": "attempts_exhausted", "detail": detail}}
    with transaction.atomic():
        end = CANCELLED if _is_cancelled(generation_id) else failed
        if not leases.bury(Generation, generation_id, finished_at=Now(), **end):
            return
        generation = Generation.objects.get(pk=generation_id)
        if generation.calling is not None:
            lost = ledger.lost(generation)
            ledger.settle([lost])
            generation.count(lost)
            generation.save(update_fields=[*USED, "calling"])
        _announce(generation)
        ledger.close(generation)
    log.error("Generation %s is a dead letter: %s", generation_id, detail)
    Writer(generation_id, attempt=Generation.max_attempts).append("done", {"status": end["status"]})


def _announce(generation: Generation) -> None:
    _tell_receivers(generation)
    data = {"kind": generation.kind, "cost_microusd": generation.cost_microusd}
    events.emit(f"generation.{generation.status}", workspace_id=generation.workspace_id, subject_id=generation.pk, data=data)


def _tell_receivers(generation: Generation) -> None:
    """Let the other apps use the result; one that fails cannot undo it, since the text is paid for."""
    try:
        with transaction.atomic():
            generation_finished.send(Generation, generation=generation)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("A receiver failed for generation %s", generation.pk)
        attach_asset(generation=generation, asset_id=None, reason="internal_error")
