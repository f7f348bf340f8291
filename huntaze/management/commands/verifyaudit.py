"""`manage.py verifyaudit`: look for damage in the audit log."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from huntaze import audit
from huntaze.audit import BadCheckpoint


class Command(BaseCommand):
    help = "Hash every audit entry again and compare the chains with their checkpoints; exit code 1 on damage."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command line."""
        parser.add_argument(
            "--checkpoint", type=Path, metavar="FILE", help="A file of `exportcheckpoint` that the chains must still contain."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each damage on a line, then the totals."""
        sealed = unsealed = erased = damages = 0
        chains = audit.chains()
        for chain in chains:
            report = audit.verify(chain)
            damages += self._print(chain, report.findings)
            sealed, unsealed, erased = sealed + report.sealed, unsealed + report.unsealed, erased + report.erased
        if options["checkpoint"] is not None:
            damages += self._compare(options["checkpoint"])
        self.stdout.write(
            f"{len(chains)} chains, {sealed} entries sealed, {unsealed} not yet, {erased} without payload: {damages} damages."
        )
        if damages:
            sys.exit(1)

    def _print(self, chain: Any, findings: list[audit.Finding]) -> int:
        for finding in findings:
            entry = f"entry {finding.entry_id}" if finding.entry_id else "no entry"
            self.stdout.write(f"{chain} at {finding.sequence} ({entry}): {finding.kind}: {finding.kind.label}")
        return len(findings)

    def _compare(self, path: Path) -> int:
        """Return how many of the file's heads the chains no longer contain."""
        try:
            return sum(
                self._print(head.chain, [found] if (found := audit.compare(head)) else []) for head in audit.read_checkpoint(_lines(path))
            )
        except (OSError, BadCheckpoint) as error:
            raise CommandError(str(error)) from None


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from file
