"""`manage.py evalrouter`: judge the router on recorded outcomes."""

import json as json_module
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ai.routing import calibration, evaluation, outcomes, report


class Command(BaseCommand):
    help = "Judge the router on files of recorded outcomes: what it recovers and saves, beside random, prompt length and the best possible."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON lines, plain or gzip; see docs/ai-routing.md")
        parser.add_argument(
            "--fit",
            choices=["shipped", "cv"],
            default="shipped",
            help="shipped: the weights and thresholds in use; cv: fitted anew, each fifth of the questions judged by the rest",
        )
        parser.add_argument("--weights", type=Path, default=calibration.FILE, help="weights of `trainrouter` instead of the shipped ones")
        parser.add_argument("--json", action="store_true", help="print JSON, keyed by the files' names without endings")

    def handle(self, *args: Any, files: list[Path], fit: str, weights: Path, json: bool, **options: Any) -> None:
        try:
            shipped = calibration.load(weights) if fit == "shipped" else None
            read = [outcomes.read(path) for path in files]
            outcomes.require_different_names(read)
            found = {one.name: evaluation.evaluate(one, calibration=shipped, say=self._say) for one in read}
            unseen = evaluation.unseen(read, self._say) if fit == "cv" else {}
        except (outcomes.OutcomesError, calibration.CalibrationError) as error:
            raise CommandError(str(error)) from error
        if json:
            self._print_json(found, unseen)
            return
        for name, one in found.items():
            self.stdout.write("\n".join(report.lines(name, one)) + "\n")
        self.stdout.write("\n".join(report.unseen_lines(unseen)))

    def _print_json(self, found: dict[str, dict[str, Any]], unseen: dict[str, dict[str, float | None]]) -> None:
        for name, one in found.items():
            one["unseen"] = {task: figures for task, figures in unseen.items() if task.partition(":")[0] == name}
        self.stdout.write(json_module.dumps(found, indent=2))

    def _say(self, what: str) -> None:
        self.stderr.write(what)
