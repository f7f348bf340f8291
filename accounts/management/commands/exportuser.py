"""`manage.py exportuser`: write all that is known about a person to a file."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services


class Command(BaseCommand):
    help = "Write the archive of all that is known about a person to a new file that only you can read."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command line."""
        parser.add_argument("person", metavar="EMAIL_OR_ID", help="Whom; a deleted account is named by its id.")
        parser.add_argument("file", metavar="FILE", type=Path, help="Where to write the ZIP; it must not exist.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the archive and say how large it is."""
        user = services.find_person(options["person"])
        if user is None:
            raise CommandError(f"There is no person {options['person']!r}.")
        path: Path = options["file"]
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        with os.fdopen(descriptor, "w+b") as file:
            services.write_archive(file, user=user)
        services.note_export(user_id=user.id)
        self.stdout.write(f"Wrote {path.stat().st_size} bytes about {user.id} to {path}.")
