"""Why a workspace has the plan it has."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Plan, Workspace
from huntaze import personal
from huntaze.models import Record, WorkspaceQuerySet
from huntaze.personal import WITH_ROW


class PlanGrant(Record):
    """A plan given to a workspace for a span, with the reason; without an end it is for good."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="plan_grants", verbose_name=_("workspace"))
    plan = models.CharField(_("plan"), max_length=16, choices=Plan)
    starts_at = models.DateTimeField(_("starts at"), db_default=Now())
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("granted by")
    )

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan grant")
        verbose_name_plural = _("plan grants")
        constraints = [
            models.CheckConstraint(condition=Q(plan__in=Plan.values), name="grant_plan_exists"),
            models.CheckConstraint(condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")), name="grant_ends_after_start"),
            models.CheckConstraint(condition=~Q(reason=""), name="grant_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.workspace_id}"


personal.declare(PlanGrant, workspace="workspace", author="granted_by", fields={"reason": WITH_ROW})
