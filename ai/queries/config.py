"""Reads of how a workspace wants its texts."""

from uuid import UUID

from ai.models import AiConfig


def config_of(workspace_id: UUID) -> AiConfig:
    """Return what the workspace has set, or the defaults as a row that is not stored."""
    return AiConfig.objects.in_workspace(workspace_id).first() or AiConfig(workspace_id=workspace_id)
