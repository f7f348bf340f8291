"""The ground's own chores."""

from celery import shared_task


@shared_task(name="huntaze.expire_idempotency_records")
def expire_idempotency_records() -> None:
    """Delete stored answers that are older than 24 hours."""
    from huntaze.api import idempotency

    idempotency.expire()
