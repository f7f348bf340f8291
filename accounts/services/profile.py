"""What people say of themselves."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import notices
from accounts.models import User
from huntaze import audit

EDITABLE = ("name", "display_name", "bio", "timezone", "language", "avatar")


def edit_profile(*, user_id: UUID, workspace_id: UUID, by_email: Mapping[str, bool] | None = None, **fields: str) -> dict[str, Any]:
    """Write what a person says of themselves, any of `EDITABLE`, and of which notices they want e-mails; return the former as it stands.

    Audited with the values before and after, where any differs, for the workspace that the person acts in. Raises what
    `notices.prefer` does.
    """
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).only(*EDITABLE).get(id=user_id)
        changes = {name: [getattr(user, name), value] for name, value in fields.items() if getattr(user, name) != value}
        if changes:
            User.objects.filter(id=user_id).update(**{name: new for name, (_old, new) in changes.items()})
            audit.record("profile.update", workspace_id=workspace_id, subject_id=user_id, actor_id=user_id, changes=changes)
        if by_email:
            notices.prefer(user_id=user_id, workspace_id=workspace_id, by_email=by_email)
    return {name: getattr(user, name) for name in EDITABLE} | fields
