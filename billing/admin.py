"""Staff screens of plans."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import services
from billing.models import PlanGrant
from huntaze.admin import AuditedAdmin


class PlanGrantForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_ends_at(self) -> Any:
        """Return the end; raises ValidationError for one that has passed."""
        ends_at = self.cleaned_data["ends_at"]
        if ends_at is not None and ends_at <= timezone.now():
            raise forms.ValidationError(_("The end must lie ahead."))
        return ends_at


@admin.register(PlanGrant)
class PlanGrantAdmin(AuditedAdmin):
    """Plans given by staff: add one to give it, end it by the action; the history stays."""

    form = PlanGrantForm
    fields = ("workspace", "plan", "ends_at", "reason")
    list_display = ("workspace", "plan", "starts_at", "ends_at", "reason", "granted_by")
    list_filter = ("plan", "starts_at", "ends_at")
    list_select_related = ("workspace", "granted_by")
    search_fields = ("=workspace__id", "workspace__name", "workspace__memberships__user__email", "reason")
    autocomplete_fields = ("workspace",)
    actions = ("end",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what is asked for a new grant; of one that was given, also since when and by whom."""
        return self.fields if obj is None else (*self.fields, "starts_at", "granted_by")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a grant is ended and a new one given, so that the history stays true."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the history stays."""
        return False

    def save_model(self, request: HttpRequest, obj: PlanGrant, form: Any, change: bool) -> None:
        """Give the plan through its service."""
        grant = services.grant_plan(
            workspace_id=obj.workspace_id, plan=obj.plan, reason=obj.reason, ends_at=obj.ends_at, granted_by_id=request.user.pk
        )
        obj.id = grant.id

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Tell whether this member of staff may end grants."""
        return request.user.has_perm("billing.change_plangrant")

    @admin.action(description=_("End the selected grants now"), permissions=["end"])
    def end(self, request: HttpRequest, grants: QuerySet[PlanGrant]) -> None:
        """End each grant and apply the plan that remains."""
        for grant_id in list(grants.values_list("id", flat=True)):
            services.end_grant(grant_id=grant_id, actor_id=request.user.pk)
        messages.success(request, _("The selected grants have ended."))
