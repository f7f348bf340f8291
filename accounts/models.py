"""People, the workspaces they own or belong to, and the sessions through which they come in."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from accounts.signals import workspace_created
from huntaze import audit, events
from huntaze.models import Record

EMAIL_CONSTRAINT = "one_live_account_per_email"


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


class UserQuerySet(models.QuerySet["User"]):
    """Reads of accounts."""

    def live(self) -> "UserQuerySet":
        """Return the accounts that are not deleted."""
        return self.filter(deleted_at__isnull=True)

    def with_email(self, email: str) -> "UserQuerySet":
        """Return the accounts with this address, whatever its case."""
        return self.filter(Exact(Lower("email"), Lower(Value(email))))


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Make accounts, and find them for Django's own sign-in."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the live account with this e-mail address; Django's model backend signs in by it."""
        user: User = self.live().with_email(username or "").get()
        return user

    def create_user(self, *, email: str, password: str | None, name: str, **fields: Any) -> "User":
        """Make an account with a workspace that it owns; without a password nobody can sign in.

        Runs in one transaction: audits, emits `user.created` and sends `workspace_created`. It stands here since Django's own
        commands call it. Raises IntegrityError, by the constraint `EMAIL_CONSTRAINT`, when a live account has the address.
        """
        workspace = Workspace(name=name)
        user: User = self.model(email=self.normalize_email(email), name=name, default_workspace=workspace, **fields)
        user.set_password(password)  # before the transaction: a hash takes long
        with transaction.atomic():
            workspace.save(force_insert=True)
            user.save(force_insert=True)
            Membership.objects.create(workspace=workspace, user=user, role=MemberRole.OWNER)
            audit.record("user.create", workspace_id=workspace.id, subject_id=user.id, actor_id=user.id)
            events.emit("user.created", workspace_id=workspace.id, subject_id=user.id)
            workspace_created.send(Workspace, workspace=workspace)
        return user

    def create_superuser(self, *, email: str, password: str | None, name: str) -> "User":
        """Make a member of staff with every right; Django's `createsuperuser` calls this."""
        return self.create_user(email=email, password=password, name=name, role=Role.ADMIN, is_superuser=True)


class Role(models.TextChoices):
    """What a person is to the installation; an admin is staff."""

    CREATOR = "creator", _("creator")
    ADMIN = "admin", _("admin")


class User(AbstractBaseUser, PermissionsMixin, Record):
    """A person. Deleting one only marks it, so that the address can register again and history keeps its author."""

    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=100)
    avatar = models.URLField(_("avatar"), blank=True)
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.CREATOR)
    default_workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", verbose_name=_("default workspace"))
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    terms_version = models.CharField(_("accepted terms"), max_length=32, blank=True)
    terms_accepted_at = models.DateTimeField(_("terms accepted at"), null=True, blank=True)
    is_staff = models.GeneratedField(
        expression=Q(role=Role.ADMIN),  # type: ignore[arg-type]
        output_field=models.BooleanField(_("staff")),
        db_persist=True,
    )
    is_active = models.GeneratedField(
        expression=Q(deleted_at__isnull=True),  # type: ignore[arg-type]
        output_field=models.BooleanField(_("active")),
        db_persist=True,
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), condition=Q(deleted_at__isnull=True), name=EMAIL_CONSTRAINT),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_exists"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def subscription(self) -> str:
        """Return the plan of the person's default workspace."""
        return self.default_workspace.plan


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
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", db_index=False, verbose_name=_("user"))
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


class RevokedReason(models.TextChoices):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out", _("signed out")
    REFRESH_TOKEN_REUSED = "refresh_token_reused", _("refresh token reused")
    ENDED_BY_STAFF = "ended_by_staff", _("ended by staff")


class Session(Record):
    """One device that is signed in: the family of its refresh tokens. Its tokens of both kinds end with it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions", verbose_name=_("user"))
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    last_used_at = models.DateTimeField(_("last used at"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    revoked_reason = models.CharField(_("reason"), max_length=32, choices=RevokedReason, blank=True)

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
