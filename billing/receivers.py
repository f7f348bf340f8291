"""What billing does when something happens below it."""

from typing import Any

from django.dispatch import receiver

from accounts.models import Workspace
from accounts.signals import workspace_created
from billing import services


@receiver(workspace_created)
def give_plan(sender: Any, workspace: Workspace, **kwargs: Any) -> None:
    """Write a new workspace's plan and limits, in the transaction that makes it."""
    services.apply_plan(workspace_id=workspace.id)
