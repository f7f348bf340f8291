"""Workspaces, what their plan allows, and who belongs to them."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from huntaze import personal
from huntaze.models import Record, WorkspaceQuerySet
from huntaze.personal import SECRET, WITH_ROW, kept, replaced


class Plan(models.TextChoices):
    """The plans, cheapest first; `billing.plans` says what each allows."""

    FREE = "free", _("Free")
    PRO = "pro", _("Pro")
    ENTERPRISE = "enterprise", _("Enterprise")


class PlanSource(models.TextChoices):
    """Why a workspace has its plan."""

    DEFAULT = "default", _("default")
    GRANT = "grant", _("grant")
    SUBSCRIPTION = "subscription", _("subscription")


class Workspace(Record):
    """One creator's business: the tenant that every other row belongs to.

    Billing writes `plan` and the columns after it. `limits` maps a limit's name to `{"value": int or null for
    unlimited, "lifted_by": the cheapest plan that allows more, or null}`. At `plan_until` the plan is looked at again.
    """

    name = models.CharField(_("name"), max_length=100)
    sells = models.CharField(_("what it sells"), max_length=200, blank=True)
    niche = models.CharField(_("niche"), max_length=100, blank=True)
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


# What a person can be invited as, or made; an owner is made by handing the workspace on.
INVITED_ROLES = tuple(role for role in MemberRole.values if role != MemberRole.OWNER)


class Membership(Record):
    """A person's place in a workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("workspace"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships", db_index=False, verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=16, choices=MemberRole)

    objects = WorkspaceQuerySet.as_manager()

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


class InvitationQuerySet(WorkspaceQuerySet):
    """Reads of invitations."""

    def open(self) -> Self:
        """Return those that can still be accepted; each holds a seat."""
        return self.filter(accepted_at=None, expires_at__gt=Now())


class Invitation(Record):
    """A place in a workspace that is kept for whoever has this e-mail address.

    The token that was mailed is stored by its SHA-256. The row outlives the invitation for a while, so that whoever opens the link
    late, or twice, is told why it leads nowhere.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="invitations", db_index=False, verbose_name=_("workspace")
    )
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=16, choices=MemberRole)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    token_hash = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField(_("expires at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "email"], condition=Q(accepted_at=None), name="one_invitation_per_address"),
            models.CheckConstraint(condition=Q(role__in=INVITED_ROLES), name="invitation_role_exists"),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.role}"


personal.declare(
    Invitation,
    address="email",
    author="invited_by",
    workspace="workspace",
    fields={"email": WITH_ROW, "token_hash": SECRET},
)
personal.declare(
    Workspace,
    workspace="id",
    fields={"name": replaced(), "sells": replaced(), "niche": replaced(), "limits": kept("What the plan allows.")},
)
personal.declare(Membership, person="user", workspace="workspace", fields={"role": WITH_ROW})
