"""The ground's own chores, and wake-ups for its services."""

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


@shared_task(name="huntaze.expire_rate_counters")
def expire_rate_counters() -> None:
    """Delete the limiter's counters that have run out."""
    from huntaze.api import throttling

    throttling.expire()


@shared_task(name="huntaze.deliver_mail")
def deliver_mail(email_id: str) -> None:
    """Deliver one e-mail, if it waits for that."""
    from huntaze import mail

    mail.deliver(email_id=email_id)


@shared_task(name="huntaze.sweep_mail")
def sweep_mail() -> None:
    """Wake workers for e-mails that wait or were lost, and bury the dead."""
    from huntaze import mail

    mail.sweep()


@shared_task(name="huntaze.expire_mail")
def expire_mail() -> None:
    """Delete the rows of e-mails that are older than 30 days."""
    from huntaze import mail

    mail.expire()
