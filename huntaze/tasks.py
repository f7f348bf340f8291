"""The ground's own chores."""

import logging

from celery import shared_task

from huntaze.env import EnvError

log = logging.getLogger(__name__)


@shared_task(name="huntaze.seal_audit_log")
def seal_audit_log() -> None:
    """Seal the audit entries that were committed since the last time."""
    from huntaze import audit

    try:
        audit.seal()
    except EnvError as error:
        log.warning("The audit log is not sealed: %s", error)


@shared_task(name="huntaze.expire_idempotency_records")
def expire_idempotency_records() -> None:
    """Delete stored answers that are older than 24 hours."""
    from huntaze.api import idempotency

    idempotency.expire()
