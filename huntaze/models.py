"""The ground's tables, and the bases that every app's tables share."""

from typing import Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from huntaze import personal
from huntaze.crypto import EncryptedTextField
from huntaze.leases import LeasedWork
from huntaze.personal import SECRET, WITH_ROW, kept, replaced


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


class ActorKind(models.TextChoices):
    """Who, or what, makes a change; `via` of the entry names the door."""

    PERSON = "person", _("person")
    KEY = "key", _("API key")
    STAFF = "staff", _("staff")
    COMMAND = "command", _("command")
    TASK = "task", _("task")
    WEBHOOK = "webhook", _("webhook")
    SYSTEM = "system", _("the product")


# The chain of entries that belong to no workspace.
INSTALLATION_CHAIN = UUID(int=0)


class AuditQuerySet(WorkspaceQuerySet):
    """Reads of audit entries."""

    def with_payload(self) -> Self:
        """Add what stands in the erasable row, as `changes`, `address` and `user_agent`; None where it was erased."""
        return self.annotate(**{name: models.F(f"payload__{name}") for name in ("changes", "address", "user_agent")})


class AuditManager(models.Manager.from_queryset(AuditQuerySet)):  # type: ignore[misc]
    """Entries with their payload."""

    def get_queryset(self) -> AuditQuerySet:
        """Return all entries with their payload."""
        entries: AuditQuerySet = super().get_queryset().with_payload()
        return entries


# An entry of a chain has its whole seal or nothing of it.
SEALED_OR_NOT = Q(sequence=None, previous_hash=None, hash=None) | Q(sequence__gt=0, previous_hash__isnull=False, hash__isnull=False)


class AuditEntry(Record):
    """Who changed what, through which door; written once, by `audit.record`, and sealed once, by `audit.seal`.

    Nothing personal stands here but ids: `payload_digest` is the salted SHA-256 of the payload's row, which can be erased. Triggers
    refuse every other write. The seal is the entry's place in its chain, the hash of the entry before and its own.
    """

    workspace_id = models.UUIDField(_("workspace"), null=True)
    actor_kind = models.CharField(_("kind of actor"), max_length=16, choices=ActorKind)
    actor_id = models.UUIDField(_("actor"), null=True)
    credential_id = models.UUIDField(_("session or key"), null=True)
    impersonated_by = models.UUIDField(_("impersonated by"), null=True)
    via = models.CharField(_("via"), max_length=64, blank=True)
    action = models.CharField(_("action"), max_length=64)
    subject_id = models.UUIDField(_("subject"), null=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    payload_digest = models.BinaryField(_("digest of the payload"), max_length=32)
    chain = models.GeneratedField(
        expression=Coalesce("workspace_id", models.Value(INSTALLATION_CHAIN)),
        output_field=models.UUIDField(_("chain")),
        db_persist=True,
    )
    sequence = models.BigIntegerField(_("place in the chain"), null=True)
    previous_hash = models.BinaryField(_("hash of the entry before"), max_length=32, null=True)
    hash = models.BinaryField(_("hash"), max_length=32, null=True)

    objects = AuditManager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        constraints = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="one_audit_entry_per_place"),
            models.CheckConstraint(condition=SEALED_OR_NOT, name="audit_entry_sealed_or_not"),
        ]
        indexes = [
            models.Index(fields=["workspace_id", "id"], name="audit_by_workspace"),
            models.Index(fields=["workspace_id", "action", "id"], name="audit_by_action"),
            models.Index(fields=["actor_id", "id"], name="audit_by_actor"),
            models.Index(fields=["subject_id", "id"], name="audit_by_subject"),
            models.Index(fields=["id"], condition=Q(sequence=None), name="audit_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_id}"


class AuditPayload(models.Model):
    """What an entry says of people: from where, with what, and the values before and after. Its row can be erased, not changed."""

    entry = models.OneToOneField(AuditEntry, on_delete=models.DO_NOTHING, primary_key=True, related_name="payload")
    salt = models.BinaryField(_("salt"), max_length=16)
    address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)
    changes = models.JSONField(_("changes"), default=dict)

    class Meta:
        verbose_name = _("audit payload")
        verbose_name_plural = _("audit payloads")

    def __str__(self) -> str:
        return str(self.entry_id)


class Checkpoint(models.Model):
    """The signed head of one chain: how many entries it has, and the hash of the last. It only moves forward."""

    chain = models.UUIDField(_("chain"), primary_key=True)
    sequence = models.BigIntegerField(_("sealed entries"))
    hash = models.BinaryField(_("hash"), max_length=32)
    made_at = models.DateTimeField(_("made at"))
    kid = models.CharField(_("key"), max_length=64)
    signature = models.BinaryField(_("signature"), max_length=64)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.chain} {self.sequence}"


class AuditCheckpoint(Checkpoint):
    """The signed head of one chain of the audit log."""

    class Meta:
        verbose_name = _("audit checkpoint")
        verbose_name_plural = _("audit checkpoints")


class RateCounter(models.Model):
    """Requests of a guarded class that were counted while Valkey was away; written by the limiter's one statement."""

    key = models.CharField(_("key"), max_length=128, primary_key=True)
    count = models.PositiveIntegerField(_("count"))
    expires_at = models.DateTimeField(_("expires at"), db_index=True)

    def __str__(self) -> str:
        return self.key


personal.declare(RateCounter, fields={"key": kept("An address or an id, until the count of its requests ends.")}, exported=False)


class IdempotencyRecord(models.Model):
    """The answer to a request that carried an Idempotency-Key, stored in the transaction of its effect."""

    scope = models.BinaryField(_("scope"), primary_key=True, max_length=32)
    fingerprint = models.BinaryField(_("fingerprint"), max_length=32)
    status = models.PositiveSmallIntegerField(_("status"))
    headers = models.JSONField(_("headers"), default=dict)
    body = models.BinaryField(_("body"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True, db_index=True)
    caller_id = models.UUIDField(_("caller"), null=True, db_index=True)
    workspace_id = models.UUIDField(_("workspace"), null=True)

    def __str__(self) -> str:
        return f"{self.status} {bytes(self.scope).hex()[:12]}"


personal.declare(
    Event, workspace="workspace_id", about="subject_id", fields={"type": kept("A word of the product's."), "data": replaced({})}
)
_SEALED = kept("The audit log is a chain of hashes: ids and words of the product's stay, all else is in the payload, which goes.")
personal.declare(
    AuditEntry,
    person=("actor_id", "impersonated_by"),
    workspace="workspace_id",
    about="subject_id",
    fields=dict.fromkeys(("via", "action", "request_id", "payload_digest", "previous_hash", "hash"), _SEALED),
)
personal.declare(
    AuditPayload,
    person=("entry__actor_id", "entry__impersonated_by"),
    workspace="entry__workspace_id",
    about="entry__subject_id",
    fields={"salt": SECRET, "address": WITH_ROW, "user_agent": WITH_ROW, "changes": WITH_ROW},
)
personal.declare_impersonal(AuditCheckpoint, reason="The hash and the signature of a chain.")
personal.declare(
    IdempotencyRecord,
    person="caller_id",
    workspace="workspace_id",
    fields=dict.fromkeys(("scope", "fingerprint", "headers", "body"), WITH_ROW),
    exported=False,
)


class EmailStatus(models.TextChoices):
    """How far an e-mail is."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")


class OutgoingEmail(LeasedWork, Record):
    """One e-mail to one address, rendered; a worker delivers it. Its words are encrypted, and wiped once nobody needs them."""

    max_attempts = 12

    to = models.EmailField(_("to"))
    person_id = models.UUIDField(_("person"), null=True, db_index=True)
    template = models.CharField(_("template"), max_length=100)
    language = models.CharField(_("language"), max_length=8)
    subject = EncryptedTextField(_("subject"), null=True)
    text = EncryptedTextField(_("text"), null=True)
    html = EncryptedTextField(_("HTML"), null=True)
    status = models.CharField(_("status"), max_length=16, choices=EmailStatus, default=EmailStatus.QUEUED)
    error = models.CharField(_("error"), max_length=500, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        constraints = [models.CheckConstraint(condition=models.Q(status__in=EmailStatus.values), name="email_status_exists")]
        indexes = [
            models.Index(fields=["wake_at"], condition=models.Q(wake_at__isnull=False), name="email_wake"),
            models.Index(fields=["created_at"], name="email_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.id}"


# Their words are not exported: they bear links that let people in.
personal.declare(
    OutgoingEmail,
    person="person_id",
    address="to",
    fields={
        "to": WITH_ROW,
        "template": WITH_ROW,
        "language": WITH_ROW,
        "error": WITH_ROW,
        "subject": SECRET,
        "text": SECRET,
        "html": SECRET,
    },
)
