"""Sessions, through which people come in, and their refresh tokens."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from huntaze import personal
from huntaze.models import Record
from huntaze.personal import SECRET, WITH_ROW


class RevokedReason(models.TextChoices):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out", _("signed out")
    SIGNED_OUT_ELSEWHERE = "signed_out_elsewhere", _("signed out from another device")
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere", _("signed out everywhere")
    PASSWORD_CHANGED = "password_changed", _("password changed")
    PASSWORD_RESET = "password_reset", _("password reset")
    REFRESH_TOKEN_REUSED = "refresh_token_reused", _("refresh token reused")
    ENDED_BY_STAFF = "ended_by_staff", _("ended by staff")
    CODE_REUSED = "code_reused", _("one-time code reused")


class SessionKind(models.TextChoices):
    """What holds a session: an app with tokens, or a browser with a cookie on the account pages and the admin."""

    API = "api", _("app")
    BROWSER = "browser", _("browser")


class SessionQuerySet(models.QuerySet["Session"]):
    """Reads of sessions."""

    def live(self, *, now: datetime) -> "SessionQuerySet":
        """Return those that have not ended; one that was not used for as long as a refresh token lives can no longer be."""
        return self.filter(revoked_at=None, last_used_at__gt=now - settings.REFRESH_TOKEN_LIFETIME)


class Session(Record):
    """One device that is signed in: the family of its refresh tokens. Its tokens of both kinds end with it.

    `last_used_at` is when it last got tokens, which live 15 minutes: so long its last request can be later.
    `authenticated_at` is when the person last proved who they are, which what is grave asks to be recent.
    """

    kind = models.CharField(_("kind"), max_length=8, choices=SessionKind, default=SessionKind.API)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions", verbose_name=_("user"))
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    last_used_at = models.DateTimeField(_("last used at"), auto_now_add=True)
    authenticated_at = models.DateTimeField(_("authenticated at"), db_default=Now())
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    revoked_reason = models.CharField(_("reason"), max_length=32, choices=RevokedReason, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_reason="")
                | Q(revoked_at__isnull=False, revoked_reason__in=RevokedReason.values),
                name="session_revoked_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class RefreshToken(Record):
    """A refresh token by its SHA-256; it is replaced by its one child when it is used (`rotated_at`). The id is its `jti`."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="refresh_tokens")
    parent = models.OneToOneField("self", on_delete=models.CASCADE, null=True, related_name="child")
    token_hash = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    rotated_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)


personal.declare(Session, person="user", fields={"user_agent": WITH_ROW, "address": WITH_ROW})
personal.declare(RefreshToken, person="session__user", fields={"token_hash": SECRET})
