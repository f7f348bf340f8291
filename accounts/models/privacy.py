"""What people may ask of their data: archives, and to be forgotten, with what stands against it and what proves it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from huntaze import personal
from huntaze.leases import LeasedWork
from huntaze.models import Record
from huntaze.personal import SECRET, WITH_ROW, kept


class ExportStatus(models.TextChoices):
    """Where an archive stands; one that is expired has no file any more."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")


OPEN = (ExportStatus.QUEUED, ExportStatus.RUNNING)


class Export(LeasedWork, Record):
    """One archive of all that is known about a person, made under a lease and deleted at `expires_at`.

    Each try writes a file of its own, named by its lease; `file` names the one that counts.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="exports", verbose_name=_("user"))
    status = models.CharField(_("status"), max_length=16, choices=ExportStatus, default=ExportStatus.QUEUED)
    file = models.CharField(_("file"), max_length=200, blank=True)
    size = models.PositiveBigIntegerField(_("size in bytes"), null=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    error = models.CharField(_("error"), max_length=64, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    expires_at = models.DateTimeField(_("expires at"), null=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ExportStatus.values), name="export_status_exists"),
            models.UniqueConstraint(fields=["user"], condition=Q(status__in=OPEN), name="one_open_export_per_person"),
        ]
        indexes = [
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="export_to_wake"),
            models.Index(fields=["expires_at"], condition=~Q(file=""), name="export_to_expire"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Deletion(Record):
    """A deleted account on its way out: it can be restored until it is erased, which is due at `due_at`."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="deletion", verbose_name=_("user"))
    due_at = models.DateTimeField(_("due at"))
    erased_at = models.DateTimeField(_("erased at"), null=True)
    email_verified = models.BooleanField(_("address was verified"), default=False)

    class Meta:
        verbose_name = _("deletion")
        verbose_name_plural = _("deletions")
        indexes = [models.Index(fields=["due_at"], condition=Q(erased_at=None), name="deletion_due")]

    def __str__(self) -> str:
        return str(self.user_id)


class LegalHold(Record):
    """Why a person must not be erased yet, such as a dispute; while one is not released, erasure waits."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="legal_holds", verbose_name=_("user"))
    reason = models.CharField(_("reason"), max_length=500)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("placed by")
    )
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="legal_hold_has_reason")]
        indexes = [models.Index(fields=["user"], condition=Q(released_at=None), name="legal_hold_in_force")]

    def __str__(self) -> str:
        return self.reason


class ErasureReceipt(Record):
    """Proof that a person was erased: how many rows of which table, and nothing about the person but their id; signed."""

    person_id = models.UUIDField(_("person"), unique=True)
    deleted_at = models.DateTimeField(_("deleted at"))
    erased_at = models.DateTimeField(_("erased at"))
    rows = models.JSONField(_("rows by table"))
    kid = models.CharField(_("key"), max_length=64)
    signature = models.BinaryField(_("signature"), max_length=64)

    class Meta:
        verbose_name = _("erasure receipt")
        verbose_name_plural = _("erasure receipts")

    def __str__(self) -> str:
        return str(self.person_id)


personal.declare(Export, person="user", fields={"file": SECRET, "sha256": WITH_ROW, "error": WITH_ROW})
personal.declare(Deletion, person="user", fields={"user": kept("Says when the account was deleted and erased, by its id alone.")})
personal.declare(LegalHold, person="user", author="placed_by", fields={"reason": WITH_ROW})
_PROOF = kept("Proves the erasure; counts of rows, the person's id and a signature.")
personal.declare(ErasureReceipt, person="person_id", fields={"rows": _PROOF, "kid": _PROOF, "signature": _PROOF}, exported=False)
