"""The base of every app's staff screens, and the ground's own: the event log and the audit log, to read."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from huntaze import audit
from huntaze.models import INSTALLATION_CHAIN, AuditCheckpoint, AuditEntry, AuditPayload, EmailStatus, Event, OutgoingEmail, RateCounter

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

# Fields whose change is audited without their values; what is not editable, as every BinaryField, is not audited at all.
SECRET_FIELDS = frozenset({"password"})

admin.site.index_title = _("Back office")
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # staff sign in on the account pages, second factor and all


class AuditedAdmin(ModelAdmin):
    """The base of every screen: what it writes itself, not through a service, leaves an audit entry with old and new values.

    The lists of screens show it under `group`, or its app's name without one, as `plural`, or its model's without one, if `is_listed`:
    what staff need only beside a person stands on the person's page.
    """

    show_full_result_count = False
    group: "_StrOrPromise" = ""
    plural: "_StrOrPromise" = ""
    is_listed = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the lists of screens show this one to this member of staff."""
        return self.is_listed and bool(super().has_module_permission(request))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write the row and its audit entry."""
        with _audited(obj):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Remove the row and write its audit entry."""
        with _audited(obj, removed=True):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Remove all rows or none, each with its audit entry."""
        with transaction.atomic():
            for obj in queryset:
                self.delete_model(request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Write the rows that the page shows inside another one, each with its audit entry."""
        changed = formset.save(commit=False)
        for obj in formset.deleted_objects:
            with _audited(obj, removed=True):
                obj.delete()
        for obj in changed:
            with _audited(obj):
                obj.save()
        formset.save_m2m()


def list_screens(request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
    """Return what staff may see as Django's admin wants it, by groups in plain words instead of by app."""
    groups: dict[str, dict[str, Any]] = {}
    for app in _list_apps(request, app_label):
        for model in app["models"]:
            screen: Any = admin.site.get_model_admin(model["model"])
            name = str(screen.group or app["name"])
            group = groups.setdefault(name, {**app, "name": name, "models": []})
            group["models"].append({**model, "name": capfirst(screen.plural) if screen.plural else model["name"]})
    for group in groups.values():
        group["models"].sort(key=lambda model: str(model["name"]))
    return [groups[name] for name in sorted(groups)]


_list_apps = admin.site.get_app_list
admin.site.get_app_list = list_screens  # type: ignore[method-assign]


@contextmanager
def _audited(obj: models.Model, *, removed: bool = False) -> Iterator[None]:
    """Record what the block makes of one row, in its transaction; nothing where nothing changes."""
    subject_id = obj.pk
    with transaction.atomic():
        stored = type(obj)._base_manager.select_for_update().filter(pk=subject_id).first()
        old = _values(stored) if stored else {}
        yield
        new = {} if removed else _values(obj)
        changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        if changed:
            verb = "create" if stored is None else "delete" if removed else "edit"
            audit.record(
                f"{obj._meta.model_name}.{verb}",
                workspace_id=getattr(obj, "workspace_id", None),
                subject_id=subject_id or obj.pk,
                changes={name: ["…", "…"] if name in SECRET_FIELDS else [old.get(name), new.get(name)] for name in changed},
            )


def _values(obj: models.Model) -> dict[str, Any]:
    """Return the row's editable columns as JSON values."""
    fields = [field for field in obj._meta.concrete_fields if field.editable]
    plain = {field: field.value_from_object(obj) for field in fields}
    return {field.name: value if _is_json(value) else field.value_to_string(obj) for field, value in plain.items()}


def _is_json(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | list | dict)


class ReadOnlyAdmin(AuditedAdmin):
    """A screen that shows rows which only the product itself writes; repairs are actions that call services."""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return every column in the table's order, JSON as text that people can read; none of `exclude` and no bytes."""
        shown = [field for field in self.opts.concrete_fields if field.name not in (self.exclude or ())]
        return [_Json(field) if isinstance(field, models.JSONField) else field.name for field in shown if not _is_bytes(field)]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows come from services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows are changed by services."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: rows are removed by services."""
        return False


class _Json:
    """A JSON column as a read-only field: indented, and in the letters that were written instead of escapes."""

    def __init__(self, field: Any) -> None:
        self.__name__, self.short_description = field.name, field.verbose_name

    def __call__(self, obj: models.Model) -> str:
        value = getattr(obj, self.__name__)
        return format_html('<pre class="json">{}</pre>', json.dumps(value, ensure_ascii=False, indent=2)) if value else "-"


def _is_bytes(field: Any) -> bool:
    return isinstance(field, models.BinaryField)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What happened."""

    list_display = ("created_at", "type", "subject_id", "workspace_id")
    list_filter = ("created_at", "type")
    search_fields = ("=subject_id", "=workspace_id")


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what, from where."""

    list_display = ("created_at", "action", "actor", "address", "subject_id")
    list_filter = ("created_at", "action")
    search_fields = ("=actor_id", "=subject_id", "=workspace_id", "=request_id")
    search_help_text = _("An id, a request id, or the e-mail address of the one who acted.")
    actions = ("verify",)

    @admin.action(description=_("Verify the chain"), permissions=["view"])
    def verify(self, request: HttpRequest, queryset: models.QuerySet[AuditEntry]) -> None:
        """Hash the last entries of the chains that the chosen ones belong to, and say what is wrong; `verifyaudit` looks at all."""
        chains = sorted(set(queryset.values_list("chain", flat=True)))
        for chain in chains:
            report = audit.verify_end(chain, limit=audit.ENTRIES_IN_A_REQUEST // len(chains))
            told = {"chain": chain, "count": report.sealed}
            if report.valid:
                self.message_user(request, _("Chain %(chain)s: the last %(count)d sealed entries are whole.") % told, messages.SUCCESS)
            for found in report.findings:
                text = _("Chain %(chain)s, place %(place)d: %(damage)s")
                self.message_user(request, text % {**told, "place": found.sequence, "damage": found.kind.label}, messages.ERROR)
            workspace_id = None if chain == INSTALLATION_CHAIN else chain
            audit.record("audit_log.verify", workspace_id=workspace_id, changes={"damages": [None, len(report.findings)]})

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AuditEntry]:
        """Return all entries with the name that their actor signs in by."""
        people = get_user_model()._base_manager  # the deleted too
        named = people.filter(pk=models.OuterRef("actor_id")).values(get_user_model().USERNAME_FIELD)
        entries: models.QuerySet[AuditEntry] = super().get_queryset(request)
        return entries.annotate(actor_name=models.Subquery(named))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by the ids, or by the whole name that the actor signs in by."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        return (found | queryset.filter(actor_name__iexact=search_term) if search_term else found), may_repeat

    @admin.display(description=_("actor"))
    def actor(self, entry: Any) -> str:
        """Return the actor's name, or their id where nobody has it; nothing for what the product did by itself."""
        return str(entry.actor_name or entry.actor_id or "-")

    @admin.display(description=_("address"))
    def address(self, entry: Any) -> str:
        """Return from where it was done; nothing where that was erased."""
        return entry.address or "-"

    @admin.display(description=_("user agent"))
    def user_agent(self, entry: Any) -> str:
        """Return with what it was done; nothing where that was erased."""
        return entry.user_agent or "-"

    @admin.display(description=_("hash"))
    def seal(self, entry: AuditEntry) -> str:
        """Return the entry's hash in its chain; nothing before it is sealed."""
        return bytes(entry.hash).hex() if entry.hash else "-"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the columns, then what stands in the erasable payload, then the seal."""
        changes = _Json(AuditPayload._meta.get_field("changes"))
        return [*super().get_fields(request, obj), "address", "user_agent", changes, "seal"]


@admin.register(AuditCheckpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    """The signed heads of the audit log's chains, and, for its own checkpoints, of any other log's."""

    list_display = ("chain", "sequence", "made_at", "kid")
    list_filter = ("made_at", "kid")
    search_fields = ("=chain",)


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(ReadOnlyAdmin):
    """E-mails and what became of them; their words bear links that let people in, so they are shown in the embedded run only."""

    list_display = ("created_at", "to", "template", "language", "state", "attempts", "sent_at")
    list_filter = ("status", "template", "language", "created_at")
    search_fields = ("=id", "=person_id", "to")
    words = ("subject", "text", "html")

    @display(  # type: ignore[untyped-decorator]
        description=_("status"), ordering="status", label={EmailStatus.SENT: "success", EmailStatus.FAILED: "danger"}
    )
    def state(self, email: OutgoingEmail) -> tuple[str, str]:
        """Return the status and its name, for django-unfold's badge."""
        return email.status, email.get_status_display()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[OutgoingEmail]:
        """Return the e-mails; in production without their words, which are then not even decrypted."""
        emails: models.QuerySet[OutgoingEmail] = super().get_queryset(request)
        return emails if settings.HUNTAZE_EMBEDDED else emails.defer(*self.words)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the columns; of the words, in the embedded run, the subject and the plain text."""
        hidden = ("lease_token", "html") if settings.HUNTAZE_EMBEDDED else ("lease_token", *self.words)
        return ["plain_text" if name == "text" else name for name in super().get_fields(request, obj) if name not in hidden]

    @admin.display(description=_("text"))
    def plain_text(self, email: OutgoingEmail) -> str:
        """Return the words as they were sent, line by line."""
        return format_html('<pre class="json">{}</pre>', email.text) if email.text else "-"


@admin.register(RateCounter)
class RateCounterAdmin(ReadOnlyAdmin):
    """Requests that were counted while Valkey was away."""

    is_listed = False
    list_display = ("key", "count", "expires_at")
    list_filter = ("expires_at",)
    search_fields = ("key",)
