"""`manage.py createapikey`: make an API key for a program, and print it once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import services
from accounts.models import User
from accounts.permissions import KEY_SCOPES
from huntaze.api.errors import Problem


class Command(BaseCommand):
    help = "Make an API key in a person's name, and print it: it cannot be seen again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command line."""
        parser.add_argument("email", help="Whose name the key comes in.")
        parser.add_argument("name", help="What the key is for.")
        parser.add_argument("--scope", action="append", required=True, choices=KEY_SCOPES, help="What it may; give it once for each scope.")
        parser.add_argument("--workspace", type=UUID, metavar="ID", help="Where it acts; without it the person's default workspace.")
        parser.add_argument("--days", type=int, help="End after this many days.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key and print it alone on the standard output."""
        user = User.objects.with_email(options["email"]).first()
        if user is None:
            raise CommandError(f"There is no person {options['email']!r}.")
        expires_at = None if options["days"] is None else timezone.now() + timedelta(days=options["days"])
        try:
            key, secret = services.create_key(
                workspace_id=options["workspace"] or user.default_workspace_id,
                user_id=user.id,
                name=options["name"],
                scopes=options["scope"],
                expires_at=expires_at,
            )
        except Problem as problem:
            raise CommandError(problem.detail) from None
        self.stderr.write(f"Made {key.name} for {user.email} in workspace {key.workspace_id}, for {', '.join(key.scopes)}.")
        self.stdout.write(secret)
