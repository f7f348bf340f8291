"""`manage.py localmodel`: serve the embedded model until stopped."""

import json
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ai import local_model


class Command(BaseCommand):
    help = "Serve the embedded language model on loopback, speaking the OpenAI protocol; ends with the process that started it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        local_model.die_with_parent()
        try:
            model = local_model.find_model(settings.HUNTAZE_LOCAL_MODEL)
            server, url = local_model.start(model=model, port=port)
        except local_model.LocalModelError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({"url": url, "model": model.stem}))
        self.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            del server
