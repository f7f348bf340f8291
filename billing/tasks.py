"""Billing's chores."""

from celery import shared_task


@shared_task(name="billing.end_grants")
def end_grants() -> None:
    """Apply the plans of workspaces of which a grant has ended or begun."""
    from billing import services

    services.end_grants()
