"""Staff screens of the library."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from content import services
from content.models import AssetStatus, ContentAsset
from huntaze.admin import ReadOnlyAdmin


@admin.register(ContentAsset)
class ContentAssetAdmin(ReadOnlyAdmin):
    """What workspaces keep; staff read it, archive it and bring it back."""

    list_display = ("title", "workspace", "type", "status", "origin", "created_by", "created_at")
    list_filter = ("type", "status", "created_at")
    list_select_related = ("workspace", "created_by")
    search_fields = ("=id", "title", "workspace__name", "created_by__email")
    exclude = ("search",)
    actions = ("archive", "restore")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContentAsset]:
        """Return all assets without their search index."""
        assets: QuerySet[ContentAsset] = super().get_queryset(request)
        return assets.defer("search")

    @admin.display(description=_("written by"))
    def origin(self, asset: ContentAsset) -> str:
        """Return who wrote the asset."""
        return str(asset.provenance.get("model") or asset.provenance.get("origin", ""))

    def has_archive_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may archive assets and bring them back."""
        return request.user.has_perm("content.change_contentasset")

    @admin.action(description=_("Archive the selected assets"), permissions=["archive"])
    def archive(self, request: HttpRequest, assets: QuerySet[ContentAsset]) -> None:
        """Set each asset aside."""
        for asset in assets:
            services.update_asset(asset=asset, status=AssetStatus.ARCHIVED)

    @admin.action(description=_("Make the selected assets drafts again"), permissions=["archive"])
    def restore(self, request: HttpRequest, assets: QuerySet[ContentAsset]) -> None:
        """Bring each asset back as a draft."""
        for asset in assets:
            services.update_asset(asset=asset, status=AssetStatus.DRAFT)
