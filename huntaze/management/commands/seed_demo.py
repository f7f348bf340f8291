"""`manage.py seed_demo`: a demo creator on the ENTERPRISE plan with a few assets, and a demo member of staff."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import services as accounts
from accounts.models import Role, User
from billing import services as billing
from content import services as content

CREATOR = "demo@huntaze.local"
STAFF = "staff@huntaze.local"
ASSETS = (
    {"title": "Sunday kitchen, part one", "content": "Slow mornings, loud music, one pan. What should I cook next?", "type": "post"},
    {"title": "Behind the scenes", "content": "Three lights, two lenses and a cat that will not leave the set.", "type": "story"},
    {"title": "Training day", "content": "Leg day done. The stairs are my enemy now.", "type": "caption"},
)


class Command(BaseCommand):
    help = "Make the demo accounts; HUNTAZE_DEMO_PASSWORD and HUNTAZE_DEMO_STAFF_PASSWORD hold their passwords."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing; run again, it changes nothing."""
        passwords = {CREATOR: os.environ.get("HUNTAZE_DEMO_PASSWORD", ""), STAFF: os.environ.get("HUNTAZE_DEMO_STAFF_PASSWORD", "")}
        if not all(passwords.values()):
            raise CommandError("HUNTAZE_DEMO_PASSWORD and HUNTAZE_DEMO_STAFF_PASSWORD must be set.")
        with transaction.atomic():
            if not User.objects.with_email(STAFF).exists():
                accounts.create_account(email=STAFF, password=passwords[STAFF], name="Demo staff", role=Role.ADMIN, is_superuser=True)
            if not User.objects.with_email(CREATOR).exists():
                seed_creator(passwords[CREATOR])


def seed_creator(password: str) -> None:
    """Make the demo creator with a library to look at."""
    creator = accounts.create_account(email=CREATOR, password=password, name="Demo creator")
    workspace_id = creator.default_workspace_id
    billing.grant_plan(workspace_id=workspace_id, plan="enterprise", reason="The demo workspace")
    for asset in ASSETS:
        content.create_asset(workspace_id=workspace_id, created_by_id=creator.id, **asset)
