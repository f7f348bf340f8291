"""Workspaces, what their plan allows, and who belongs to them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from huntaze.models import Record


class Plan(models.TextChoices):
    """The plans, cheapest first; `billing.plans` says what each allows."""

    FREE = "free", _("Free")
    PRO = "pro", _("Pro")
    ENTERPRISE = "enterprise", _("Enterprise")


class PlanSource(models.TextChoices):
    """Why a workspace has its plan."""

    DEFAULT = "default", _("default")
    GRANT = "grant", _("grant")


class Workspace(Record):
    """One creator's business: the tenant that every other row belongs to.

    Billing writes `plan` and the columns after it. `limits` maps a limit's name to `{"value": int or null for
    unlimited, "lifted_by": the cheapest plan that allows more, or null}`. At `plan_until` the plan is looked at again.
    """

    name = models.CharField(_("name"), max_length=100)
    plan = models.CharField(_("plan"), max_length=16, choices=Plan, default=Plan.FREE)
    plan_source = models.CharField(_("source of the plan"), max_length=16, choices=PlanSource, default=PlanSource.DEFAULT)
    plan_until = models.DateTimeField(_("plan until"), null=True, blank=True)
    limits = models.JSONField(_("limits"), default=dict)

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        constraints = [models.CheckConstraint(condition=Q(plan__in=Plan.values), name="workspace_plan_exists")]
        indexes = [models.Index(fields=["plan_until"], condition=Q(plan_until__isnull=False), name="workspace_plan_until")]

    def __str__(self) -> str:
        return self.name


class MemberRole(models.TextChoices):
    """What a person may do in a workspace, the most first."""

    OWNER = "owner", _("owner")
    MANAGER = "manager", _("manager")
    EDITOR = "editor", _("editor")
    CHATTER = "chatter", _("chatter")
    ANALYST = "analyst", _("analyst")


class Membership(Record):
    """A person's place in a workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("workspace"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships", db_index=False, verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=16, choices=MemberRole)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "workspace"], name="one_membership_per_person"),
            models.UniqueConstraint(fields=["workspace"], condition=Q(role=MemberRole.OWNER), name="one_owner_per_workspace"),
            models.CheckConstraint(condition=Q(role__in=MemberRole.values), name="membership_role_exists"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"
