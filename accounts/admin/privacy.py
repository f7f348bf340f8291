"""Staff screens of data rights: archives, deletions, legal holds and receipts."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import services
from accounts.admin.pages import ask, is_confirmed
from accounts.models import Deletion, ErasureReceipt, Export, ExportStatus, LegalHold
from huntaze.admin import AuditedAdmin, ReadOnlyAdmin

STATUS_COLOURS = {ExportStatus.SUCCEEDED: "success", ExportStatus.FAILED: "danger", ExportStatus.EXPIRED: "warning"}


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Archives of what is known about people; the person alone can open one."""

    group = _("Data rights")
    list_display = ("created_at", "user", "state", "size", "finished_at", "expires_at")
    list_filter = ("status", "created_at")
    list_select_related = ("user",)
    exclude = ("file", "lease_token")
    search_fields = ("=id", "=user__id", "user__email")

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)  # type: ignore[untyped-decorator]
    def state(self, export: Export) -> tuple[str, str]:
        """Return the status and its name, for django-unfold's badge."""
        return export.status, export.get_status_display()


@admin.register(Deletion)
class DeletionAdmin(ReadOnlyAdmin):
    """Deleted accounts on their way out; they are restored from the person's page."""

    group = _("Data rights")
    list_display = ("user", "created_at", "due_at", "erased_at")
    list_filter = (("erased_at", admin.EmptyFieldListFilter), "due_at")
    list_select_related = ("user",)
    search_fields = ("=user__id", "user__email")


@admin.register(LegalHold)
class LegalHoldAdmin(AuditedAdmin):
    """Why people must not be erased yet: add one to place it, release it by the action; the history stays."""

    group = _("Data rights")
    fields = ("user", "reason")
    list_display = ("user", "reason", "placed_by", "created_at", "released_at")
    list_filter = (("released_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("user", "placed_by")
    search_fields = ("=user__id", "user__email", "reason")
    autocomplete_fields = ("user",)
    actions = ("release",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what is asked for a new hold; of one that was placed, also when and by whom."""
        return self.fields if obj is None else (*self.fields, "placed_by", "created_at", "released_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a hold is released and a new one placed, so that the history stays true."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the history stays."""
        return False

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:
        """Place the hold through its service."""
        obj.id = services.place_hold(user_id=obj.user_id, reason=obj.reason, actor_id=request.user.pk).id

    def has_release_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may release holds."""
        return request.user.has_perm("accounts.change_legalhold")

    @admin.action(description=_("Release the selected holds"), permissions=["release"])
    def release(self, request: HttpRequest, holds: QuerySet[LegalHold]) -> HttpResponse | None:
        """Let erasure go on where no other hold stands, after asking."""
        if not is_confirmed(request):
            says = __("People whose deletion is due are erased within a minute, unless another hold stands.")
            return ask(request, self, title=__("Release"), says=says, about=holds)
        for hold_id in list(holds.values_list("id", flat=True)):
            services.release_hold(hold_id=hold_id, actor_id=request.user.pk)
        messages.success(request, __("The selected holds are released."))
        return None


@admin.register(ErasureReceipt)
class ErasureReceiptAdmin(ReadOnlyAdmin):
    """Proofs that people were erased, and whether a key of ours signed them."""

    group = _("Data rights")
    list_display = ("erased_at", "person_id", "deleted_at")
    list_filter = ("erased_at",)
    search_fields = ("=person_id",)

    @admin.display(description=_("signature is good"), boolean=True)
    def is_genuine(self, receipt: ErasureReceipt) -> bool:
        """Return whether the receipt is as it was signed."""
        return services.receipt_is_genuine(receipt)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the columns and whether the signature is good."""
        return [*super().get_fields(request, obj), "is_genuine"]
