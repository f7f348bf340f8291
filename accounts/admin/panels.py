"""What a person's page shows beside the person: the latest rows of what belongs to them, each with the way to all of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.utils import display_for_field, display_for_value, label_for_field
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import devices
from accounts.models import ApiKey, Export, LegalHold, Membership, NoticePreference, OnboardingStep, Session, User
from huntaze.models import AuditEntry, OutgoingEmail

SHOWN = 5
NOTHING = "-"


@dataclass(frozen=True)
class Panel:
    """The latest rows of one table, as a list of cells each, and the address of the list of all."""

    title: str | Promise
    headers: list[Any]
    rows: list[list[Any]]
    link: str


@dataclass(frozen=True)
class Table:
    """Which rows of a table belong to a person, and the columns to show of them; `query` narrows the list of all to the person."""

    title: str | Promise
    model: type[models.Model]
    columns: tuple[str | Callable[[Any], Any], ...]
    of: Callable[[User], Q] = lambda person: Q(user=person)
    query: str = "user__id__exact"
    related: tuple[str, ...] = ()


def _device(session: Session) -> str | Promise:
    return devices.name(session.user_agent)


_device.short_description = _("device")  # type: ignore[attr-defined]


TABLES = (
    Table(_("Sign-ins and sessions"), Session, ("created_at", _device, "kind", "address", "last_used_at", "revoked_reason")),
    Table(_("API keys"), ApiKey, ("name", "prefix", "workspace", "last_used_at", "expires_at", "revoked_at"), related=("workspace",)),
    Table(_("Workspaces"), Membership, ("workspace", "role", "created_at"), related=("workspace",)),
    Table(_("E-mail addresses"), EmailAddress, ("email", "verified", "primary")),
    Table(_("Linked providers"), SocialAccount, ("provider", "uid", "last_login", "date_joined")),
    Table(_("Second factors"), Authenticator, ("type", "created_at", "last_used_at")),
    Table(
        _("E-mails"),
        OutgoingEmail,
        ("created_at", "template", "status", "sent_at"),
        of=lambda person: Q(person_id=person.id),
        query="person_id",
    ),
    Table(_("Notice preferences"), NoticePreference, ("kind", "by_email")),
    Table(_("Onboarding"), OnboardingStep, ("step", "state", "created_at")),
    Table(_("Exports"), Export, ("created_at", "status", "size", "expires_at")),
    Table(_("Legal holds"), LegalHold, ("created_at", "reason", "placed_by", "released_at"), related=("placed_by",)),
    Table(
        _("Audit entries"),
        AuditEntry,
        ("created_at", "action", "via", "request_id"),
        of=lambda person: Q(actor_id=person.id) | Q(subject_id=person.id),
        query="q",
    ),
)


def panels(request: HttpRequest, person: User) -> Iterator[Panel]:
    """Yield the panels that this member of staff may see; each makes one query."""
    for table in TABLES:
        meta = table.model._meta
        if request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}"):
            rows = table.model._default_manager.filter(table.of(person)).select_related(*table.related).order_by("-pk")[:SHOWN]
            link = f"{reverse(f'admin:{meta.app_label}_{meta.model_name}_changelist')}?{table.query}={person.id}"
            headers = [label_for_field(column, table.model) for column in table.columns]
            yield Panel(table.title, headers, [[_cell(row, column) for column in table.columns] for row in rows], link)


def _cell(row: models.Model, column: str | Callable[[Any], Any]) -> Any:
    if callable(column):
        return column(row)
    field: Any = row._meta.get_field(column)
    value = getattr(row, column)
    return display_for_value(value, NOTHING) if field.is_relation else display_for_field(value, field, NOTHING)
