"""What billing does when something happens below it."""

from typing import Any

from django.db import connections
from django.dispatch import receiver

from accounts.models import Workspace
from accounts.signals import workspace_created
from billing import services
from billing.models import PlanGrant


@receiver(workspace_created)
def give_plan(sender: Any, workspace: Workspace, **kwargs: Any) -> None:
    """Write a new workspace's plan and limits, in the transaction that makes it."""
    services.apply_plan(workspace_id=workspace.id)


def apply_plans(sender: Any, using: str, **kwargs: Any) -> None:
    """Apply the plans that a new catalogue or another `DEFAULT_PLAN` changes; not while the tables are migrated away."""
    if PlanGrant._meta.db_table in connections[using].introspection.table_names():
        services.apply_plans()
