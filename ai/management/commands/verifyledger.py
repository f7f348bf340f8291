"""`manage.py verifyledger`: look for damage and for drift in the ledger of AI costs."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from ai import services
from ai.models import LEDGER
from huntaze import audit


class Command(BaseCommand):
    help = "Hash every entry of the ledger again and compute every cost anew from its tokens and price; exit code 1 on damage or drift."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each damage and each drift on a line, then the totals."""
        sealed = unsealed = damages = drifts = 0
        chains = audit.chains(LEDGER)
        for chain in chains:
            report = audit.verify(chain, LEDGER)
            sealed, unsealed, damages = sealed + report.sealed, unsealed + report.unsealed, damages + len(report.findings)
            for found in report.findings:
                self.stdout.write(f"{chain} at {found.sequence} (entry {found.entry_id}): {found.kind}: {found.kind.label}")
        for drift in services.drifts():
            drifts += 1
            what = f"entry {drift.entry_id}" if drift.entry_id else "all entries"
            self.stdout.write(f"generation {drift.generation_id}, {what}: {drift.stored} nano-dollars stored, {drift.expected} expected")
        self.stdout.write(f"{len(chains)} chains, {sealed} entries sealed, {unsealed} not yet: {damages} damages, {drifts} drifts.")
        if damages or drifts:
            sys.exit(1)
