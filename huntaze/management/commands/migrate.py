"""`manage.py migrate` as Django's, with statements sent as they are."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections


class Command(migrate.Command):
    """Django's command. Its schema editor sends two statements at once for a foreign key, which PostgreSQL cannot prepare."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate on a connection that prepares nothing, and leave it as it was."""
        connection = connections[options["database"]]
        connection.ensure_connection()
        prepare_threshold = connection.connection.prepare_threshold
        connection.connection.prepare_threshold = None
        try:
            super().handle(*args, **options)
        finally:
            connection.connection.prepare_threshold = prepare_threshold
