"""`manage.py trainrouter`: fit the router on recorded outcomes."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ai.routing import outcomes, training


class Command(BaseCommand):
    help = "Fit the router's weights and thresholds on files of recorded outcomes, and write them to a file."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON lines, plain or gzip; see docs/ai-routing.md")
        parser.add_argument("--out", type=Path, required=True, help="where the weights go")

    def handle(self, *args: Any, files: list[Path], out: Path, **options: Any) -> None:
        try:
            fitted = training.train([outcomes.read(path) for path in files], today=timezone.now().date(), say=self.stderr.write)
            out.write_text(json.dumps(fitted.as_json(), separators=(",", ":")) + "\n", encoding="ascii")
        except (outcomes.OutcomesError, OSError) as error:
            raise CommandError(str(error)) from error
        for name, family in fitted.families.items():
            told = family.measured
            verdict = "used" if family.model else "not used: prompt length is as good"
            self.stdout.write(
                f"{name}: {told['rows']} rows, held-out APGR {told['held_out_apgr']:.3f}, length {told['length_apgr']:.3f}; {verdict}"
            )
        self.stdout.write(f"{out}: {out.stat().st_size} bytes, {fitted.facts['rows']} rows")
