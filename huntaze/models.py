"""The ground's tables, and the bases that every app's tables share."""

from typing import Any, Self
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class Record(models.Model):
    """A row with a time-ordered id (UUIDv7), so that ordering by id is ordering by creation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        abstract = True


class WorkspaceQuerySet(models.QuerySet[Any]):
    """Reads of rows that belong to a workspace."""

    def in_workspace(self, workspace_id: UUID) -> Self:
        """Return only the rows of the workspace with this id."""
        return self.filter(workspace_id=workspace_id)


class Event(Record):
    """Something that happened, written in the transaction that made it true: the outbox and the durable log."""

    workspace_id = models.UUIDField(_("workspace"), null=True)
    type = models.CharField(_("type"), max_length=64)
    subject_id = models.UUIDField(_("subject"))
    data = models.JSONField(_("data"), default=dict)

    class Meta:
        indexes = [models.Index(fields=["workspace_id", "id"], name="event_by_workspace")]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_id}"


class AuditEntry(Record):
    """Who changed what, from where; append-only."""

    workspace_id = models.UUIDField(_("workspace"), null=True)
    actor_id = models.UUIDField(_("actor"), null=True)
    action = models.CharField(_("action"), max_length=64)
    subject_id = models.UUIDField(_("subject"), null=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    changes = models.JSONField(_("changes"), default=dict)

    class Meta:
        verbose_name_plural = _("audit entries")
        indexes = [models.Index(fields=["workspace_id", "id"], name="audit_by_workspace")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_id}"


class IdempotencyRecord(models.Model):
    """The answer to a request that carried an Idempotency-Key, stored in the transaction of its effect."""

    scope = models.BinaryField(_("scope"), primary_key=True, max_length=32)
    fingerprint = models.BinaryField(_("fingerprint"), max_length=32)
    status = models.PositiveSmallIntegerField(_("status"))
    headers = models.JSONField(_("headers"), default=dict)
    body = models.BinaryField(_("body"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.status} {bytes(self.scope).hex()[:12]}"
