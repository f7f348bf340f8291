from typing import Any

from django.core.management.base import BaseCommand, CommandError

from huntaze import crypto


class Command(BaseCommand):
    help = "Encrypt secrets at rest anew, by the first key of ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        rotation = crypto.rotate()
        self.stdout.write(f"{rotation.resealed} values were encrypted anew.")
        if rotation.unreadable:
            raise CommandError("No key of ENCRYPTION_KEYS reads:\n" + "\n".join(rotation.unreadable))
