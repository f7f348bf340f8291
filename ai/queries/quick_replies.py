"""Reads of canned snippets."""

from uuid import UUID

from ai.models import QuickReply


def quick_replies_of(workspace_id: UUID) -> list[QuickReply]:
    """Return the workspace's replies in the order in which they were set."""
    return list(QuickReply.objects.in_workspace(workspace_id).order_by("position"))
