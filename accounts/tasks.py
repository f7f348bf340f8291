"""Wake-ups for the services of accounts."""

from celery import shared_task


@shared_task(name="accounts.answer_challenge")
def answer_challenge(challenge_id: str) -> None:
    """Tell an address what somebody asked of it, if that waits."""
    from accounts.services import challenges

    challenges.answer(challenge_id=challenge_id)


@shared_task(name="accounts.sweep_challenges")
def sweep_challenges() -> None:
    """Wake workers for challenges that wait or were lost."""
    from accounts.services import challenges

    challenges.sweep()


@shared_task(name="accounts.expire_challenges")
def expire_challenges() -> None:
    """Delete challenges whose time is over."""
    from accounts.services import challenges

    challenges.expire()


@shared_task(name="accounts.expire_invitations")
def expire_invitations() -> None:
    """Delete the invitations that ended long ago."""
    from accounts.services import invitations

    invitations.expire()


@shared_task(name="accounts.run_export")
def run_export(export_id: str) -> None:
    """Make one archive, if it waits for that."""
    from accounts.services import exports

    exports.run_export(export_id=export_id)


@shared_task(name="accounts.sweep_exports")
def sweep_exports() -> None:
    """Wake workers for archives that wait or were lost, bury the dead, and delete the files of expired ones."""
    from accounts.services import exports

    exports.sweep_exports()


@shared_task(name="accounts.erase_due_accounts")
def erase_due_accounts() -> None:
    """Erase the deleted accounts whose time has come."""
    from accounts.services import privacy

    privacy.erase_due_accounts()
