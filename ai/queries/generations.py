"""Reads of generations."""

from uuid import UUID

from django.db.models.functions import Now, TruncMonth

from ai.models import Generation, GenerationStatus


def count_generations_this_month(workspace_id: UUID) -> int:
    """Return the generations of this calendar month (UTC) that count: the succeeded, and those still to end."""
    counted = [GenerationStatus.QUEUED, GenerationStatus.RUNNING, GenerationStatus.SUCCEEDED]
    return Generation.objects.in_workspace(workspace_id).filter(status__in=counted, created_at__gte=TruncMonth(Now())).count()


def has_generated(workspace_id: UUID) -> bool:
    """Return whether anything was ever written in the workspace."""
    return Generation.objects.in_workspace(workspace_id).filter(status=GenerationStatus.SUCCEEDED).exists()
