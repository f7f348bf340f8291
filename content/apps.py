from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    """The library: what a workspace writes, keeps and, later, publishes."""

    name = "content"
    verbose_name = _("Library")

    def ready(self) -> None:
        """Listen for finished generations, and register the counter of the plan's assets."""
        from accounts import limits
        from content import receivers  # noqa: F401  (imported for its registrations)
        from content.models import ContentAsset

        limits.register("content_assets", lambda workspace_id: ContentAsset.objects.in_workspace(workspace_id).count())
