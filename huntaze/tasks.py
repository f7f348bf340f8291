"""The ground's own chores."""

import logging
from typing import Any

from celery import Task, shared_task
from celery.signals import task_prerun

from huntaze import audit, context
from huntaze.env import EnvError

log = logging.getLogger(__name__)


@task_prerun.connect
def act_as_task(task_id: str, task: Task[Any, Any], **kwargs: Any) -> None:
    """Make the task the actor of all that it does."""
    context.begin(context.RequestContext(request_id=task_id, actor_kind="task", via=task.name))


@shared_task(name="huntaze.seal_audit_log")
def seal_audit_log() -> None:
    """Seal the audit entries that were committed since the last time."""
    try:
        audit.seal()
    except EnvError as error:
        log.warning("The audit log is not sealed: %s", error)


@shared_task(name="huntaze.expire_idempotency_records")
def expire_idempotency_records() -> None:
    """Delete stored answers that are older than 24 hours."""
    from huntaze.api import idempotency

    idempotency.expire()
