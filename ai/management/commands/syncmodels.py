"""`manage.py syncmodels`: change the catalogue of models and prices from a file."""

import sys
from pathlib import Path
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework import exceptions

from ai import services
from ai.serializers import CatalogueSerializer


class Command(BaseCommand):
    help = "Print what a JSON file (- for standard input) would change in the catalogue of models and prices, and change it with --apply."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command line."""
        parser.add_argument("file", metavar="FILE", help="The document that docs/ai-ledger.md describes, or - for standard input.")
        parser.add_argument("--apply", action="store_true", help="Write the changes; without it they are only printed.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each change on a line, then how many there are."""
        try:
            text = sys.stdin.buffer.read() if options["file"] == "-" else Path(options["file"]).read_bytes()
            serializer = CatalogueSerializer(data=orjson.loads(text))
            serializer.is_valid(raise_exception=True)
            lines = services.sync_models(models=serializer.validated_data["models"], apply=options["apply"])
        except (OSError, ValueError, services.PriceInForce) as error:
            raise CommandError(str(error)) from None
        except exceptions.ValidationError as error:
            raise CommandError(orjson.dumps(error.detail, option=orjson.OPT_NON_STR_KEYS, default=str).decode()) from None
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        for line in lines:
            self.stdout.write(line)
        self.stdout.write(f"{len(lines)} changes {'made' if options['apply'] else 'found; --apply makes them'}.")
