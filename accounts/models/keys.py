"""API keys, through which programs come in."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.models.workspaces import Workspace
from huntaze import personal
from huntaze.models import Record, WorkspaceQuerySet
from huntaze.personal import SECRET, WITH_ROW


class ApiKeyQuerySet(WorkspaceQuerySet):
    """Reads of keys."""

    def not_revoked(self) -> "ApiKeyQuerySet":
        """Return the keys that nobody has revoked; an expired one is still shown."""
        return self.filter(revoked_at=None)


class ApiKey(Record):
    """A program's way into one workspace, in the name of the person who made it; the key itself is stored by its SHA-256.

    `prefix` is how the key begins, to tell it from others. `connection_ids` are the only connections it may use, None for all.
    After a rotation the key before works until `previous_until`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys", verbose_name=_("workspace"))
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys", verbose_name=_("made by"))
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=16)
    key_hash = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=64), verbose_name=_("scopes"))
    connection_ids = ArrayField(models.UUIDField(), null=True, verbose_name=_("connections"))
    expires_at = models.DateTimeField(_("expires at"), null=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True)
    previous_hash = models.BinaryField(max_length=32, unique=True, null=True)
    previous_until = models.DateTimeField(_("the key before works until"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(
                condition=Q(previous_hash__isnull=True, previous_until__isnull=True)
                | Q(previous_hash__isnull=False, previous_until__isnull=False),
                name="api_key_before_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.prefix}"


personal.declare(
    ApiKey,
    person="user",
    workspace="workspace",
    fields={"name": WITH_ROW, "prefix": WITH_ROW, "scopes": WITH_ROW, "key_hash": SECRET, "previous_hash": SECRET},
)
