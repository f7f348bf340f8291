#!/usr/bin/env python
"""Huntaze's command line: `manage.py up` starts everything, `manage.py help` lists the rest."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured

from huntaze.env import EnvError


def main() -> None:
    """Run one management command; a wrong setting ends it with one line and exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huntaze.settings")
    try:
        if sys.argv[1:2] == ["up"]:  # it only watches other processes: loading the apps would double its start
            from huntaze.management.commands.up import Command

            Command().run_from_argv(sys.argv)
        else:
            from django.core.management import execute_from_command_line

            from huntaze import context

            context.begin_command(sys.argv[1] if len(sys.argv) > 1 else "help")
            execute_from_command_line(sys.argv)
    except EnvError as error:
        sys.exit(error.report())
    except ImproperlyConfigured as error:
        if "settings.DATABASES" not in str(error):
            raise
        problem = "is not set and no embedded PostgreSQL is running: start it with `make run`, or name a server"
        sys.exit(EnvError("DATABASE_URL", problem).report())


if __name__ == "__main__":
    main()
