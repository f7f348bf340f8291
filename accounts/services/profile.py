"""What people say of themselves."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from huntaze import audit

EDITABLE = ("name", "display_name", "bio", "timezone", "language", "avatar")


def edit_profile(*, user_id: UUID, workspace_id: UUID | None = None, **fields: str) -> dict[str, Any]:
    """Write what a person says of themselves, any of `EDITABLE`; return all of it as it stands now.

    Audited with the values before and after, where any differs, for the workspace that the person acts in.
    """
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).only(*EDITABLE).get(id=user_id)
        changes = {name: [getattr(user, name), value] for name, value in fields.items() if getattr(user, name) != value}
        if changes:
            User.objects.filter(id=user_id).update(**{name: new for name, (_old, new) in changes.items()})
            audit.record("profile.update", workspace_id=workspace_id, subject_id=user_id, actor_id=user_id, changes=changes)
    return {name: getattr(user, name) for name in EDITABLE} | fields
