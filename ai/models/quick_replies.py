"""Canned snippets of a workspace."""

from django.db import models
from django.db.models import Deferrable
from django.utils.translation import gettext_lazy as _

from huntaze import personal
from huntaze.models import Record, WorkspaceQuerySet
from huntaze.personal import WITH_ROW


class QuickReply(Record):
    """A snippet that people send often; its text may hold placeholders such as `{name}`."""

    workspace = models.ForeignKey("accounts.Workspace", verbose_name=_("workspace"), on_delete=models.CASCADE, related_name="+")
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)
    position = models.PositiveSmallIntegerField(_("position"))
    title = models.CharField(_("title"), max_length=60)
    text = models.CharField(_("text"), max_length=1000)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("quick reply")
        verbose_name_plural = _("quick replies")
        ordering = ["workspace", "position"]
        # Judged at the end: replies may change places, and titles with each other.
        constraints = [
            models.UniqueConstraint(fields=["workspace", "position"], name="one_quick_reply_per_place", deferrable=Deferrable.DEFERRED),
            models.UniqueConstraint(fields=["workspace", "title"], name="one_quick_reply_per_title", deferrable=Deferrable.DEFERRED),
        ]

    def __str__(self) -> str:
        return self.title


personal.declare(QuickReply, workspace="workspace", fields={"title": WITH_ROW, "text": WITH_ROW})
