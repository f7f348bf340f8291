"""`manage.py up`: start everything on this machine and keep it running."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from huntaze import settings
from huntaze.embedded.parts import PartError
from huntaze.embedded.run import Run
from huntaze.embedded.supervisor import StopRequested, raise_on_stop_signals


class Command(BaseCommand):
    help = "Start Huntaze on this machine with embedded servers, and keep it running until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HUNTAZE_HOST, help="address to listen on (HUNTAZE_HOST, 127.0.0.1)")
        parser.add_argument("--port", type=int, help="port to listen on, or the next free one (HUNTAZE_PORT, else 8000)")
        parser.add_argument("--no-demo", action="store_true", help="leave the database empty")

    def handle(self, *args: Any, host: str, port: int | None, no_demo: bool, **options: Any) -> None:
        run = Run(host=host, port=port or settings.HUNTAZE_PORT, demo=not no_demo, say=self._say)
        raise_on_stop_signals()
        try:
            run.start()
            run.watch()
        except StopRequested:
            self._say("Stopping …")
        except PartError as error:
            self.stderr.write(str(error))
            sys.exit(1)
        finally:
            run.stop()
        self._say("Stopped.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
