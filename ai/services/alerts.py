"""Tell people of spending that nears a bound or leaves the usual, and of models that end; each once, however often these run."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts import notices
from accounts.models import MemberRole, User, Workspace
from ai.models import AiAlertKind, AiModel, BudgetLevel, BudgetPeriod, EntryKind, LedgerEntry
from ai.providers import configured
from huntaze import audit, events
from huntaze.models import INSTALLATION_CHAIN

MEMBER_DAY_NANOUSD = 5 * 10**9
OVERALL_DAY_NANOUSD = 50 * 10**9
SPIKE_FACTOR = 3
SPIKE_DAYS = 7
LEAST_SPIKE_NANOUSD = 10**9  # three times next to nothing is no news
RETIREMENT_NOTICE = timedelta(days=60)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_NEARED = """
SELECT b.id, b.workspace_id, b.level, b.period, b.used_nanousd, x.bound,
       ai_span(b.period, now())::timestamp AT TIME ZONE 'UTC'
FROM ai_budget b JOIN accounts_workspace w ON w.id = b.workspace_id
CROSS JOIN LATERAL (SELECT CASE b.level WHEN 'plan' THEN (w.limits -> 'ai_budget_microusd' ->> 'value')::bigint * 1000
                                ELSE b.limit_nanousd END) AS x (bound)
WHERE b.starts_on = ai_span(b.period, now()) AND x.bound > 0 AND b.used_nanousd * 100 >= x.bound * 80
ORDER BY b.id
"""
_TELL = """
INSERT INTO ai_aialert (id, created_at, kind, subject_id, told_at) VALUES (%s, now(), %s, %s, now())
ON CONFLICT (kind, subject_id) DO UPDATE SET told_at = now()
WHERE ai_aialert.told_at < least(%s, now() - interval '30 minutes') RETURNING id
"""


def watch_spending() -> None:
    """Tell owners and managers of budgets that are used to 80 and 95 %, of members who spent $5 in a day, and of spikes; staff of $50.

    A warning of a budget is told once in its day or month, the others once a day, and none twice within 30 minutes.
    """
    _watch_budgets()
    midnight = datetime.combine(timezone.now().astimezone(UTC).date(), time(), UTC)
    today = LedgerEntry.objects.filter(kind=EntryKind.SETTLE, id__gte=audit.first_id_at(midnight))
    for workspace_id, member_id, spent in _sums(today.exclude(member_id=None), "workspace_id", "member_id"):
        if spent >= MEMBER_DAY_NANOUSD:
            _alert(AiAlertKind.MEMBER_DAY, member_id, midnight, people=_heads(workspace_id), workspace_id=workspace_id, amount=spent)
    overall = -(today.aggregate(sum=Sum("amount_nanousd"))["sum"] or 0)
    if overall >= OVERALL_DAY_NANOUSD:
        _alert(AiAlertKind.OVERALL_DAY, INSTALLATION_CHAIN, midnight, people=_staff(), amount=overall)
    _watch_spikes(today, midnight)


def announce_retirements() -> None:
    """Tell the staff, once, of each model in use that its vendor retires within 60 days; emits `ai_model.retiring`."""
    today = timezone.now().astimezone(UTC).date()
    models = AiModel.objects.filter(enabled=True, provider__in=configured(), retires_on__range=(today, today + RETIREMENT_NOTICE))
    for model in models:
        with transaction.atomic():
            if not _first(AiAlertKind.MODEL_RETIRING, model.id, since=_BEGINNING):
                continue
            day: date = model.retires_on or today
            events.emit("ai_model.retiring", workspace_id=None, subject_id=model.id, data={"model": str(model), "retires_on": str(day)})
            for person in _staff():
                notices.tell(user=person, kind="ai_model_retiring", context={"model": str(model), "retires_on": day})


def report_minors(*, workspace_id: UUID, found: int, score: float) -> None:
    """Tell the staff that moderation found minors sexualized in `found` texts or images, the likeliest at `score`.

    Emits `moderation.minors_found` each time, which only the staff can see, and mails the staff, of one workspace once in 30 minutes.
    """
    with transaction.atomic():
        events.emit("moderation.minors_found", workspace_id=None, subject_id=workspace_id, data={"found": found, "score": score})
        if _first(AiAlertKind.MINORS, workspace_id, since=timezone.now()):
            workspace = Workspace.objects.get(pk=workspace_id)
            for person in _staff():
                notices.tell(user=person, kind="ai_minors", context={"workspace": workspace.name, "workspace_id": workspace.id})


def _watch_budgets() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NEARED)
        rows = cursor.fetchall()
    for id_, workspace_id, level, period, used, bound, since in rows:
        percent = 95 if used * 100 >= bound * 95 else 80
        with transaction.atomic():
            if not _first(AiAlertKind(f"budget_{percent}"), id_, since=since):
                continue
            data = {
                "level": level,
                "period": period,
                "percent": percent,
                "used_microusd": -(-used // 1000),
                "limit_microusd": bound // 1000,
            }
            events.emit("ai_budget.neared", workspace_id=workspace_id, subject_id=id_, data=data)
            context = {"percent": percent, "used": _dollars(used), "limit": _dollars(bound)}
            context |= {"level": BudgetLevel(level).label, "period": BudgetPeriod(period).label}
            for person in _heads(workspace_id):
                notices.tell(user=person, kind="ai_budget", context=context, workspace_id=workspace_id)


def _watch_spikes(today: Any, midnight: datetime) -> None:
    before = LedgerEntry.objects.filter(
        kind=EntryKind.SETTLE,
        id__gte=audit.first_id_at(midnight - timedelta(days=SPIKE_DAYS)),
        id__lt=audit.first_id_at(midnight),
    )
    usual = {workspace_id: spent / SPIKE_DAYS for workspace_id, spent in _sums(before, "workspace_id")}
    for workspace_id, spent in _sums(today, "workspace_id"):
        mean = usual.get(workspace_id, 0)
        if mean and spent > SPIKE_FACTOR * mean and spent >= LEAST_SPIKE_NANOUSD:
            _alert(AiAlertKind.SPIKE, workspace_id, midnight, people=_heads(workspace_id), workspace_id=workspace_id, amount=spent)


def _alert(
    kind: AiAlertKind, subject_id: UUID, since: datetime, *, people: Iterable[User], amount: int, workspace_id: UUID | None = None
) -> None:
    """Emit `ai_spending.alerted` and tell `people`, if nobody was told since."""
    with transaction.atomic():
        if not _first(kind, subject_id, since=since):
            return
        data = {"alert": kind.value, "spent_microusd": -(-amount // 1000)}
        events.emit("ai_spending.alerted", workspace_id=workspace_id, subject_id=subject_id, data=data)
        for person in people:
            context = {"alert": kind.label, "amount": _dollars(amount)}
            notices.tell(user=person, kind="ai_spending", context=context, workspace_id=workspace_id)


def _first(kind: AiAlertKind, subject_id: UUID, *, since: datetime) -> bool:
    """Note that this is told now; return False where it was since, or within the last half an hour."""
    with connection.cursor() as cursor:
        cursor.execute(_TELL, [uuid7(), kind, subject_id, since])
        return cursor.fetchone() is not None


def _sums(entries: Any, *by: str) -> list[tuple[Any, ...]]:
    """Return the values of `by` with what was spent, in nano-dollars."""
    return list(entries.order_by().values_list(*by).annotate(spent=-Sum("amount_nanousd")))


def _heads(workspace_id: UUID) -> Iterable[User]:
    roles = (MemberRole.OWNER, MemberRole.MANAGER)
    people: Iterable[User] = User.objects.filter(memberships__workspace_id=workspace_id, memberships__role__in=roles)
    return people


def _staff() -> Iterable[User]:
    people: Iterable[User] = User.objects.filter(is_staff=True, is_active=True)
    return people


def _dollars(nanousd: int) -> str:
    return f"${nanousd / 1e9:.2f}"
