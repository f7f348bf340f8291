"""Setting up: the steps that a person takes, and the checklist after them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import OnboardingStep, Step, StepState, User
from accounts.services.workspaces import update_workspace
from huntaze import audit

FINISHED = "done"
Check = Callable[[UUID], bool]
_checklist: dict[str, Check] = {}


def checklist_item(name: str, check: Check) -> None:
    """Put an item on the checklist, done when `check(workspace_id)` says so; the app that owns the rows calls this once, when ready."""
    _checklist[name] = check


def onboarding_of(*, user_id: UUID, workspace_id: UUID) -> dict[str, Any]:
    """Return a person's onboarding: `current_step` (the first to do, or `done`), the state of each step, and the checklist.

    Makes one query, and one for each item of the checklist.
    """
    taken = dict(OnboardingStep.objects.filter(user_id=user_id).values_list("step", "state"))
    steps = {step.value: {"state": taken.get(step.value, StepState.TODO.value)} for step in Step}
    current = next((name for name, step in steps.items() if step["state"] == StepState.TODO), FINISHED)
    return {"current_step": current, "steps": steps, "checklist": {name: check(workspace_id) for name, check in _checklist.items()}}


def take_step(*, user_id: UUID, workspace_id: UUID, step: str, state: str, business: dict[str, str] | None = None) -> None:
    """Complete or skip a step of onboarding, or take it up again (`todo`); any order goes.

    `business` is what is sold and the niche, written onto the workspace. Audited where anything changes.
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).only("id").get(id=user_id)
        old = OnboardingStep.objects.filter(user_id=user_id, step=step).values_list("state", flat=True).first() or StepState.TODO.value
        if state != old:
            OnboardingStep.objects.filter(user_id=user_id, step=step).delete()
            if state != StepState.TODO:
                OnboardingStep.objects.create(user_id=user_id, step=step, state=state)
            audit.record(
                "onboarding.take_step", workspace_id=workspace_id, subject_id=user_id, actor_id=user_id, changes={step: [old, state]}
            )
        if business:
            update_workspace(workspace_id=workspace_id, **business)
