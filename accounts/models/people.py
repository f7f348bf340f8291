"""People: who they are to the installation, and how accounts are made."""

from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Cast, Concat, Lower
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from accounts.models.workspaces import MemberRole, Membership, Workspace
from accounts.signals import workspace_created
from huntaze import audit, events, personal
from huntaze.models import Record
from huntaze.personal import WITH_ROW, kept, replaced

EMAIL_CONSTRAINT = "one_live_account_per_email"


class UserQuerySet(models.QuerySet["User"]):
    """Reads of accounts."""

    def with_email(self, email: str) -> "UserQuerySet":
        """Return the accounts with this address, whatever its case."""
        return self.filter(Exact(Lower("email"), Lower(Value(email))))


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Make accounts, and find those that are not deleted: a deleted one does not exist but for who asks for `everyone`."""

    def get_queryset(self) -> UserQuerySet:
        """Return the accounts that are not deleted."""
        live: UserQuerySet = super().get_queryset().filter(deleted_at__isnull=True)
        return live

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the live account with this e-mail address; Django's model backend signs in by it."""
        user: User = self.get_queryset().with_email(username or "").get()
        return user

    def create_user(
        self, *, email: str, password: str | None, name: str, password_hash: str = "", email_verified: bool = False, **fields: Any
    ) -> "User":
        """Make an account with a workspace that it owns; without a password, or the hash of one, nobody can sign in.

        Runs in one transaction: audits, emits `user.created` and sends `workspace_created`. It stands here since Django's own
        commands call it. Raises IntegrityError, by the constraint `EMAIL_CONSTRAINT`, when a live account has the address.
        """
        workspace = Workspace(name=name)
        user: User = self.model(email=email.lower(), name=name, default_workspace=workspace, **fields)
        user.set_password(password)  # before the transaction: a hash takes long
        user.password = password_hash or user.password
        with transaction.atomic():
            workspace.save(force_insert=True)
            user.save(force_insert=True)
            Membership.objects.create(workspace=workspace, user=user, role=MemberRole.OWNER)
            write_email_address(user, verified=email_verified)
            audit.record("user.create", workspace_id=workspace.id, subject_id=user.id, actor_id=user.id)
            events.emit("user.created", workspace_id=workspace.id, subject_id=user.id)
            workspace_created.send(Workspace, workspace=workspace)
        return user

    def create_superuser(self, *, email: str, password: str | None, name: str) -> "User":
        """Make a member of staff with every right, whose address counts as confirmed; Django's `createsuperuser` calls this."""
        return self.create_user(email=email, password=password, name=name, email_verified=True, role=Role.ADMIN, is_superuser=True)


def write_email_address(user: "User", *, verified: bool) -> None:
    """Write the row of allauth that says whether the person's address is theirs: the one truth of the API and the pages.

    A deleted account lets go of the address, of which only one row may be verified.
    """
    from allauth.account.models import EmailAddress  # its module needs the user model

    if verified:
        EmailAddress.objects.filter(email=user.email, verified=True, user__deleted_at__isnull=False).update(verified=False)
    if not EmailAddress.objects.filter(user=user, primary=True).update(email=user.email, verified=verified):
        EmailAddress.objects.create(user=user, primary=True, email=user.email, verified=verified)


class Role(models.TextChoices):
    """What a person is to the installation; an admin is staff."""

    CREATOR = "creator", _("creator")
    ADMIN = "admin", _("admin")


class User(AbstractBaseUser, PermissionsMixin, Record):
    """A person. Deleting one only marks it, so that the address can register again and history keeps its author."""

    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=100)
    display_name = models.CharField(_("display name"), max_length=100, blank=True)
    avatar = models.URLField(_("avatar"), blank=True)
    bio = models.TextField(_("bio"), max_length=1000, blank=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.CREATOR)
    default_workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", verbose_name=_("default workspace"))
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True)
    terms_version = models.CharField(_("accepted terms"), max_length=32, blank=True)
    terms_accepted_at = models.DateTimeField(_("terms accepted at"), null=True, blank=True)
    declared_adult_at = models.DateTimeField(_("declared to be 18 or older at"), null=True, blank=True)
    is_staff = models.GeneratedField(
        expression=Q(role=Role.ADMIN),  # type: ignore[arg-type]
        output_field=models.BooleanField(_("staff")),
        db_persist=True,
    )
    is_active = models.GeneratedField(
        expression=Q(deleted_at__isnull=True, suspended_at__isnull=True),  # type: ignore[arg-type]
        output_field=models.BooleanField(_("active")),
        db_persist=True,
    )

    objects = UserManager()
    everyone = UserQuerySet.as_manager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = [("impersonate_user", _("Can act as a person"))]
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


personal.declare(
    User,
    person="id",
    fields={
        # Addresses of `.invalid` never exist (RFC 2606).
        "email": replaced(Concat(Value("erased-"), Cast("id", models.CharField()), Value("@erased.invalid"))),
        "password": replaced("!", exported=False),
        "name": replaced(),
        "display_name": replaced(),
        "avatar": replaced(),
        "bio": replaced(),
        "timezone": replaced("UTC"),
        "language": replaced(settings.LANGUAGE_CODE),
        "role": replaced(Role.CREATOR),
        "is_superuser": replaced(by=False),
        "last_login": replaced(by=None),
        "terms_version": replaced(),
        "terms_accepted_at": replaced(by=None),
        "default_workspace": kept("An id, of a workspace that lost its words too."),
    },
)
personal.declare(User.groups.through, person="user", fields={"user": WITH_ROW})
personal.declare(User.user_permissions.through, person="user", fields={"user": WITH_ROW})
