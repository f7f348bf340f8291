"""Questions to e-mail addresses, whose answer shows that they are one's own."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from huntaze import personal
from huntaze.leases import LeasedWork
from huntaze.models import Record
from huntaze.personal import SECRET, WITH_ROW

LONGEST_LIFETIME = timedelta(hours=24)


class Purpose(models.TextChoices):
    """What follows when the address says yes."""

    SIGN_UP = "sign_up", _("sign up")
    VERIFY_EMAIL = "verify_email", _("confirm the address")
    RESET_PASSWORD = "reset_password", _("set a new password")


class ChallengeStatus(models.TextChoices):
    """How far a challenge is; one that is answered is deleted."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    SENT = "sent", _("sent")
    IGNORED = "ignored", _("ignored")


class EmailChallenge(LeasedWork, Record):
    """What somebody asked for who says that an address is theirs; a worker decides what the address is told.

    The link that it is sent carries a token, of which the SHA-256 stands here. The columns after `token_hash` are what the
    account will be made of; only a sign-up has them.
    """

    max_attempts = 5

    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose)
    email = models.EmailField(_("e-mail address"), db_index=True)
    language = models.CharField(_("language"), max_length=8)
    address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=ChallengeStatus, default=ChallengeStatus.QUEUED)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("user"))
    expires_at = models.DateTimeField(_("expires at"), null=True)
    token_hash = models.BinaryField(max_length=32, unique=True, null=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    password = models.CharField(_("password"), max_length=128, blank=True)
    terms_version = models.CharField(_("accepted terms"), max_length=32, blank=True)
    accepted_at = models.DateTimeField(_("terms accepted at"), null=True)

    class Meta:
        verbose_name = _("e-mail challenge")
        verbose_name_plural = _("e-mail challenges")
        constraints = [
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="challenge_purpose_exists"),
            models.CheckConstraint(condition=Q(status__in=ChallengeStatus.values), name="challenge_status_exists"),
            models.CheckConstraint(
                condition=~Q(purpose=Purpose.SIGN_UP) | Q(accepted_at__isnull=False) & ~Q(password=""), name="sign_up_is_complete"
            ),
        ]
        indexes = [
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="challenge_to_wake"),
            models.Index(fields=["created_at"], name="challenge_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"


personal.declare(
    EmailChallenge,
    person="user",
    address="email",
    fields=dict.fromkeys(("email", "language", "address", "user_agent", "name", "terms_version"), WITH_ROW)
    | dict.fromkeys(("token_hash", "password"), SECRET),
)
