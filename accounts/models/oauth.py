"""What a browser sign-in hands to an app: a one-time code, exchanged for tokens."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.models.sessions import Session
from huntaze import personal
from huntaze.models import Record
from huntaze.personal import SECRET, WITH_ROW


class AuthorizationCode(Record):
    """A code by its SHA-256, bound to the app's redirect address and PKCE challenge, and good for one presentation.

    `authenticated_at` is when the person proved who they are in the browser, which the app's session takes over.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name=_("user"))
    session = models.ForeignKey(Session, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("session"))
    code_hash = models.BinaryField(max_length=32, unique=True)
    code_challenge = models.CharField(max_length=43)
    redirect_uri = models.TextField(_("redirect address"))
    authenticated_at = models.DateTimeField(_("authenticated at"))
    expires_at = models.DateTimeField(_("expires at"), db_index=True)
    used_at = models.DateTimeField(_("used at"), null=True)

    class Meta:
        verbose_name = _("one-time code")
        verbose_name_plural = _("one-time codes")
        constraints = [
            models.CheckConstraint(condition=Q(session__isnull=True) | Q(used_at__isnull=False), name="code_with_session_is_used")
        ]

    def __str__(self) -> str:
        return str(self.id)


personal.declare(AuthorizationCode, person="user", fields={"code_hash": SECRET, "code_challenge": SECRET, "redirect_uri": WITH_ROW})
