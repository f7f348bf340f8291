"""`manage.py grantplan`: give a workspace a plan for a span, with a reason."""

from argparse import ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import Plan, User, Workspace
from billing import services


class Command(BaseCommand):
    help = "Give a workspace a plan: for some days, until a time, or for good."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command line."""
        parser.add_argument("workspace", metavar="EMAIL_OR_WORKSPACE_ID", help="A workspace, or a person whose default workspace it is.")
        parser.add_argument("plan", choices=Plan.values)
        span = parser.add_mutually_exclusive_group(required=True)
        span.add_argument("--days", type=int, help="End after this many days.")
        span.add_argument(
            "--until", type=_moment, metavar="ISO", help="End at this time, such as 2027-01-31T00:00:00Z (UTC unless it says)."
        )
        span.add_argument("--forever", action="store_true", help="Never end.")
        parser.add_argument("--reason", required=True, help="Why, for the record.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Grant the plan and say what the workspace has now."""
        workspace = _find_workspace(options["workspace"])
        ends_at = options["until"] if options["days"] is None else timezone.now() + timedelta(days=options["days"])
        try:
            grant = services.grant_plan(workspace_id=workspace.id, plan=options["plan"], reason=options["reason"], ends_at=ends_at)
        except ValueError as error:
            raise CommandError(str(error)) from None
        workspace.refresh_from_db()
        span = f"until {grant.ends_at:%Y-%m-%d %H:%M} UTC" if grant.ends_at else "for good"
        self.stdout.write(f"Granted {grant.plan} {span} to {workspace.name} ({workspace.id}), which is on {workspace.plan} now.")


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ArgumentTypeError(f"{text!r} is not a time such as 2027-01-31T00:00:00Z")
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _find_workspace(text: str) -> Workspace:
    try:
        found = Workspace.objects.filter(id=UUID(text)).first()
    except ValueError:
        user = User.objects.with_email(text).select_related("default_workspace").first()
        found = user and user.default_workspace
    if found is None:
        raise CommandError(f"There is no workspace or person {text!r}.")
    return found
