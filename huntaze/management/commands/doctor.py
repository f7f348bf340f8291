"""`manage.py doctor`: what is configured, embedded, missing or broken here."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from huntaze.management.diagnosis import findings


class Command(BaseCommand):
    help = "Show what is configured, embedded, missing or broken; exit code 1 when something is broken."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(findings())
        width = max(len(finding.name) for finding in found)
        for finding in found:
            self.stdout.write(f"{finding.name:<{width}}  {finding.state:<10}  {finding.detail}")
        broken = [finding.name for finding in found if finding.state == "broken"]
        if broken:
            self.stderr.write(f"Broken: {', '.join(broken)}")
            sys.exit(1)
