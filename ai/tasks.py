"""Wake-ups for the ai app's services."""

from celery import shared_task


@shared_task(name="ai.run_generation")
def run_generation(generation_id: str) -> None:
    """Write one generation, if it waits for that."""
    from ai import services

    services.run_generation(generation_id=generation_id)


@shared_task(name="ai.sweep")
def sweep() -> None:
    """Wake workers for generations that wait or were lost, and bury the dead."""
    from ai import services

    services.sweep_generations()
