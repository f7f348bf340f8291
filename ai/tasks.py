"""Wake-ups for the ai app's services."""

import logging

from celery import shared_task

from huntaze.env import EnvError

log = logging.getLogger(__name__)


@shared_task(name="ai.run_generation")
def run_generation(generation_id: str) -> None:
    """Write one generation, if it waits for that."""
    from ai import services

    services.run_generation(generation_id=generation_id)


@shared_task(name="ai.seal_ledger")
def seal_ledger() -> None:
    """Seal the ledger's entries that were committed since the last time."""
    from ai import services

    try:
        services.ledger.seal()
    except EnvError as error:
        log.warning("The ledger is not sealed: %s", error)


@shared_task(name="ai.reap_ledger")
def reap_ledger() -> None:
    """Close what is held for generations that are gone."""
    from ai import services

    services.ledger.reap()


@shared_task(name="ai.prove_ledger")
def prove_ledger() -> None:
    """Compute the costs of the last two days anew, and report what differs."""
    from ai import services

    services.report_drift()


@shared_task(name="ai.watch_spending")
def watch_spending() -> None:
    """Tell of budgets that are nearly used and of unusual spending."""
    from ai import services

    services.watch_spending()


@shared_task(name="ai.announce_retirements")
def announce_retirements() -> None:
    """Tell the staff of models that are going to be retired."""
    from ai import services

    services.announce_retirements()


@shared_task(name="ai.sweep")
def sweep() -> None:
    """Wake workers for generations that wait or were lost, and bury the dead."""
    from ai import services

    services.sweep_generations()
