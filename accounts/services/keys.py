"""API keys."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import keys, notices
from accounts.models import ApiKey, Membership, User, Workspace
from huntaze import audit, events
from huntaze.api.errors import Forbidden, NotFound, Problem, ValidationFailed

MAXIMUM_IN_WORKSPACE = 100
LONGEST_OVERLAP = timedelta(days=1)


class TooManyKeys(Problem):
    status = 409
    code = "too_many_api_keys"
    title = _("The workspace has as many API keys as it may.")


def create_key(*, workspace_id: UUID, user_id: UUID, name: str, scopes: list[str], **fields: Any) -> tuple[ApiKey, str]:
    """Make a key in the name of a member, and return it with its secret, which cannot be seen again.

    `fields` are `expires_at` and `connection_ids`. Audits, emits `api_key.created` and tells the person. Raises ValidationFailed for what
    they cannot be, TooManyKeys beyond `MAXIMUM_IN_WORKSPACE`, and Forbidden for somebody who is no member.
    """
    _require_possible(**fields)
    secret = keys.new_key()
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(id=workspace_id)
        if not Membership.objects.filter(workspace_id=workspace_id, user_id=user_id).exists():
            raise Forbidden
        if ApiKey.objects.in_workspace(workspace_id).not_revoked().count() >= MAXIMUM_IN_WORKSPACE:
            raise TooManyKeys
        key: ApiKey = ApiKey.objects.create(
            workspace_id=workspace_id, user_id=user_id, name=name, scopes=sorted(set(scopes)), **_stored(secret), **fields
        )
        _tell(key, "create", "created", {"name": [None, name], "scopes": [None, key.scopes]}, actor_id=user_id)
        notices.tell(user=User.objects.get(id=user_id), kind="api_key_created", context={"key": name}, workspace_id=workspace_id)
    return key, secret


def update_key(*, key: ApiKey, by_id: UUID, **changes: Any) -> ApiKey:
    """Change a key's name, scopes, connections or expiry; audits and emits `api_key.updated`. Does nothing where none differs.

    Raises ValidationFailed, Forbidden when another person made it, and NotFound when it was revoked meanwhile.
    """
    _require_possible(**changes)
    if "scopes" in changes:
        changes["scopes"] = sorted(set(changes["scopes"]))
    with transaction.atomic():
        row = _lock(key, by_id)
        differing = {name: [getattr(row, name), value] for name, value in changes.items() if getattr(row, name) != value}
        for name, value in changes.items():
            setattr(row, name, value)
        if differing:
            row.save(update_fields=changes)
            _tell(row, "update", "updated", differing)
    return row


def rotate_key(*, key: ApiKey, by_id: UUID, overlap: timedelta) -> tuple[ApiKey, str]:
    """Give a key a new secret and return both; the old secret works for `overlap` more, at most `LONGEST_OVERLAP`.

    Audits and emits `api_key.rotated`. Raises Forbidden when another person made it, and NotFound when it was revoked meanwhile.
    """
    secret = keys.new_key()
    with transaction.atomic():
        row = _lock(key, by_id)
        ApiKey.objects.filter(id=row.id).update(
            **_stored(secret), previous_hash=F("key_hash"), previous_until=Now() + min(overlap, LONGEST_OVERLAP)
        )
        row.refresh_from_db()
        _tell(row, "rotate", "rotated", {"previous_until": [key.previous_until, row.previous_until]})
    return row, secret


def revoke_key(*, key: ApiKey) -> None:
    """End a key, and the one before it, at once; audits and emits `api_key.revoked`. Raises NotFound when it had ended."""
    if not revoke_keys(ApiKey.objects.filter(id=key.id)):
        raise NotFound


def revoke_keys(rows: models.QuerySet[ApiKey]) -> int:
    """End each of these keys at once; audits and emits `api_key.revoked`. Return how many had not ended."""
    with transaction.atomic():
        live = list(rows.filter(revoked_at=None).select_for_update().order_by("id"))
        ApiKey.objects.filter(id__in=[key.id for key in live]).update(revoked_at=Now())
        for key in live:
            _tell(key, "revoke", "revoked")
    return len(live)


def _lock(key: ApiKey, by_id: UUID) -> ApiKey:
    row: ApiKey | None = ApiKey.objects.not_revoked().select_for_update().filter(id=key.id).first()
    if row is None:
        raise NotFound
    if row.user_id != by_id:
        raise Forbidden(gettext("A key is changed and rotated by who made it; revoke it instead."))
    return row


def _stored(secret: str) -> dict[str, Any]:
    return {"key_hash": keys.hash_key(secret), "prefix": secret[: keys.SHOWN_LENGTH]}


def _require_possible(*, expires_at: datetime | None = None, connection_ids: list[UUID] | None = None, **_others: Any) -> None:
    faults = [
        {"pointer": f"/connection_ids/{number}", "code": "not_found", "detail": gettext("There is no such connection.")}
        for number, _id in enumerate(connection_ids or [])  # no workspace has any yet
    ]
    if expires_at is not None and expires_at <= timezone.now():
        faults.append({"pointer": "/expires_at", "code": "invalid", "detail": gettext("This must be in the future.")})
    if faults:
        raise ValidationFailed(gettext("See `errors`."), errors=faults)


def _tell(key: ApiKey, verb: str, past: str, changes: dict[str, Any] | None = None, *, actor_id: UUID | None = None) -> None:
    audit.record(f"api_key.{verb}", workspace_id=key.workspace_id, subject_id=key.id, actor_id=actor_id, changes=changes)
    events.emit(f"api_key.{past}", workspace_id=key.workspace_id, subject_id=key.id)
