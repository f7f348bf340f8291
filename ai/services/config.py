"""Set how a workspace wants its texts."""

from typing import Any
from uuid import UUID

from django.db import transaction

from ai.models import AiConfig
from huntaze import audit


def set_config(*, workspace_id: UUID, fields: dict[str, Any]) -> AiConfig:
    """Store these columns of the workspace's configuration and return all of it; those that are not named stay. Audited.

    A privacy tier binds orders that wait already: it is asked when a model is chosen.
    """
    with transaction.atomic():
        config: AiConfig
        config, _is_new = AiConfig.objects.select_for_update().get_or_create(workspace_id=workspace_id)
        changes = {name: [was, value] for name, value in fields.items() if (was := getattr(config, name)) != value}
        for name, (_was, value) in changes.items():
            setattr(config, name, value)
        config.save()
        audit.record("ai_config.set", workspace_id=workspace_id, subject_id=config.id, changes=changes)
    return config
