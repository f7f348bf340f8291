"""`manage.py exportcheckpoint`: the signed heads of all audit chains, to be kept elsewhere."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from huntaze import audit
from huntaze.embedded.installation import write_private


class Command(BaseCommand):
    help = "Write the signed heads of all audit chains, one JSON object a line; keep the file where this installation cannot write."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command line."""
        parser.add_argument("--to", type=Path, metavar="FILE", help="Write there instead of to the terminal; replaced in one step.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal what waits, then write the heads."""
        audit.seal()
        if options["to"] is None:
            for line in audit.write_checkpoint():
                self.stdout.write(line)
            return
        write_private(options["to"], "".join(f"{line}\n" for line in audit.write_checkpoint()))
