"""Which plan a workspace has, and why."""

import logging
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import PlanSource, Workspace
from billing.models import PlanGrant
from billing.plans import CATALOGUE, RANK, limits_for
from huntaze import audit, events
from huntaze.api.errors import Problem

log = logging.getLogger(__name__)


class SubscriptionRunning(Problem):
    status = 409
    code = "subscription_running"
    title = gettext_lazy("A workspace of yours has a running subscription.")


DUE_AT_ONCE = 500


def grant_plan(
    *,
    workspace_id: UUID,
    plan: str,
    reason: str,
    ends_at: datetime | None = None,
    starts_at: datetime | None = None,
    granted_by_id: UUID | None = None,
) -> PlanGrant:
    """Give a workspace `plan` from `starts_at` (now without it) until `ends_at` (for good without it).

    Runs in one transaction: writes the grant, applies the plan and audits both. Raises ValueError when the span is empty
    or the reason missing.
    """
    if ends_at is not None and ends_at <= (starts_at or timezone.now()):
        raise ValueError(_("The grant would end before it starts."))
    if not reason.strip():
        raise ValueError(_("A grant needs a reason."))
    span = {"ends_at": ends_at} if starts_at is None else {"starts_at": starts_at, "ends_at": ends_at}
    with transaction.atomic():
        grant = PlanGrant.objects.create(workspace_id=workspace_id, plan=plan, reason=reason, granted_by_id=granted_by_id, **span)
        changes = {"plan": [None, plan], "reason": [None, reason], "ends_at": [None, ends_at.isoformat() if ends_at else None]}
        audit.record("grant.create", workspace_id=workspace_id, subject_id=grant.id, actor_id=granted_by_id, changes=changes)
        apply_plan(workspace_id=workspace_id)
    return grant


def end_grant(*, grant_id: UUID, actor_id: UUID | None) -> None:
    """End a grant now, or before it starts; applies the plan that remains. Audited; does nothing to one that has ended."""
    with transaction.atomic():
        running = PlanGrant.objects.filter(id=grant_id).exclude(ends_at__lte=Now())
        if running.update(ends_at=Greatest(Now(), F("starts_at"))):
            grant = PlanGrant.objects.get(id=grant_id)
            audit.record("grant.end", workspace_id=grant.workspace_id, subject_id=grant_id, actor_id=actor_id)
            apply_plan(workspace_id=grant.workspace_id)


def apply_plan(*, workspace_id: UUID, wait: bool = True) -> str:
    """Write the plan that a workspace has now, with its limits, onto the workspace; return the plan.

    The highest of `DEFAULT_PLAN` and the grants that run now wins, so a grant never lowers a plan; where grants overlap
    it lasts as long as the one that reaches furthest. Locks the workspace in one transaction. A change of plan is audited
    and emits `workspace.plan_changed`. Without `wait`, raises OperationalError where another transaction holds the workspace.
    """
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True, nowait=not wait).get(id=workspace_id)
        old = workspace.plan
        workspace.plan, workspace.plan_source, workspace.plan_until = _effective_plan(workspace_id)
        workspace.limits = limits_for(workspace.plan)
        workspace.save(update_fields=["plan", "plan_source", "plan_until", "limits"])
        if workspace.plan != old:
            changes = {"plan": [old, workspace.plan]}
            audit.record("workspace.change_plan", workspace_id=workspace_id, subject_id=workspace_id, changes=changes)
            events.emit(
                "workspace.plan_changed", workspace_id=workspace_id, subject_id=workspace_id, data={"from": old, "to": workspace.plan}
            )
    return workspace.plan


def running_subscription(workspace_id: UUID) -> Problem | None:
    """Return why the workspace must not lose its owner: its plan is paid for by a subscription. A grant is none."""
    subscribed = Workspace.objects.filter(id=workspace_id, plan_source=PlanSource.SUBSCRIPTION)
    return SubscriptionRunning(workspace_id=workspace_id) if subscribed.exists() else None


def end_grants() -> int:
    """Apply the plan of each workspace of which a grant has ended or begun; return how many were applied.

    One statement finds them, at most 500 in a call; each is written in a transaction of its own. One that fails, or that another
    transaction holds, is logged and left to the next call, and the others go on.
    """
    due = Workspace.objects.filter(plan_until__lte=Now()).order_by("plan_until").values_list("id", flat=True)[:DUE_AT_ONCE]
    return sum(_apply_if_possible(workspace_id) for workspace_id in list(due))


def _apply_if_possible(workspace_id: UUID) -> bool:
    try:
        apply_plan(workspace_id=workspace_id, wait=False)
    except Exception as error:
        log.exception("The plan of workspace %s was not applied (%s)", workspace_id, type(error).__name__)
        return False
    return True


def apply_plans() -> int:
    """Apply the plan of each workspace that does not show what the catalogue and `DEFAULT_PLAN` say now; return how many.

    Runs after each `migrate`, since a new version may change the catalogue, and an operator the setting.
    """
    default = settings.DEFAULT_PLAN
    stale = Q(plan_source=PlanSource.DEFAULT) & ~Q(plan=default)
    stale |= Q(plan__in=[plan for plan, rank in RANK.items() if rank < RANK[default]])
    for plan in CATALOGUE:
        stale |= Q(plan=plan) & ~Q(limits=limits_for(plan))
    workspace_ids = list(Workspace.objects.filter(stale).values_list("id", flat=True))
    for workspace_id in workspace_ids:
        apply_plan(workspace_id=workspace_id)
    return len(workspace_ids)


def _effective_plan(workspace_id: UUID) -> tuple[str, str, datetime | None]:
    """Return the plan, why, and when to look again: at the next start or end of any of the workspace's grants."""
    grants = PlanGrant.objects.in_workspace(workspace_id).exclude(ends_at__lte=Now())
    plan, source = settings.DEFAULT_PLAN, PlanSource.DEFAULT
    changes: list[datetime] = []
    for grant in grants.annotate(now=Now()):
        if grant.starts_at > grant.now:
            changes.append(grant.starts_at)
            continue
        if grant.ends_at is not None:
            changes.append(grant.ends_at)
        if RANK[grant.plan] > RANK[plan]:
            plan, source = grant.plan, PlanSource.GRANT
    return plan, source, min(changes, default=None)
