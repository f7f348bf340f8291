"""`manage.py eraseuser`: delete a person's account, and erase it when it is due or now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from huntaze.api.errors import Problem


class Command(BaseCommand):
    help = "Delete a person's account, to be erased after the delay; with --now erase it at once, for good."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command line."""
        parser.add_argument("person", metavar="EMAIL_OR_ID", help="Whose account; a deleted one is named by its id.")
        parser.add_argument("--now", action="store_true", help="Do not wait: nobody can restore it.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete or erase, and say what was done."""
        user = services.find_person(options["person"])
        if user is None:
            raise CommandError(f"There is no person {options['person']!r}.")
        try:
            deletion = services.delete_account(user_id=user.id)
            if not options["now"]:
                self.stdout.write(f"Deleted {user.id}; it is erased on {deletion.due_at:%Y-%m-%d %H:%M} UTC.")
                return
            receipt = services.erase_account(user_id=user.id)
        except Problem as problem:
            raise CommandError(f"{problem.title} {problem.detail}") from None
        for table, rows in receipt.rows.items():
            self.stdout.write(f"{rows:>8} {table}")
        self.stdout.write(f"Erased {user.id}; receipt {receipt.id}, signed by {receipt.kid}.")
