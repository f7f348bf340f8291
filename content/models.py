"""The library's tables."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from huntaze import personal
from huntaze.models import Record, WorkspaceQuerySet
from huntaze.personal import SECRET, WITH_ROW


class AssetType(models.TextChoices):
    """What an asset will be on a platform."""

    POST = "post", _("Post")
    STORY = "story", _("Story")
    VIDEO = "video", _("Video")
    IMAGE = "image", _("Image")
    CAPTION = "caption", _("Caption")


class AssetStatus(models.TextChoices):
    """Where an asset stands between draft and archive."""

    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    SCHEDULED = "scheduled", _("Scheduled")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


class ContentAsset(Record):
    """A piece of content; `provenance` says who or which model wrote it."""

    workspace = models.ForeignKey("accounts.Workspace", verbose_name=_("workspace"), on_delete=models.CASCADE, related_name="+")
    created_by = models.ForeignKey("accounts.User", verbose_name=_("created by"), on_delete=models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)
    title = models.CharField(_("title"), max_length=200)
    content = models.TextField(_("content"), blank=True)
    type = models.CharField(_("type"), max_length=16, choices=AssetType.choices)
    status = models.CharField(_("status"), max_length=16, choices=AssetStatus.choices, default=AssetStatus.DRAFT)
    category = models.CharField(_("category"), max_length=64, blank=True)
    tags = ArrayField(models.CharField(max_length=64), verbose_name=_("tags"), default=list, blank=True)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    provenance = models.JSONField(_("provenance"), default=dict)
    generation = models.ForeignKey("ai.Generation", verbose_name=_("generation"), on_delete=models.SET_NULL, null=True, related_name="+")
    variant = models.PositiveSmallIntegerField(_("variant"), null=True)
    search = models.GeneratedField(
        expression=SearchVector("title", "content", config="simple"), output_field=SearchVectorField(), db_persist=True
    )

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("asset")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["workspace", "id"], name="asset_by_workspace"),
            GinIndex(fields=["tags"], name="asset_tags"),
            GinIndex(fields=["search"], name="asset_search"),
        ]
        constraints = [models.UniqueConstraint(fields=["generation", "variant"], name="asset_once_per_variant")]

    def __str__(self) -> str:
        return self.title


_WORDS = ("title", "content", "category", "tags", "metadata", "provenance")
personal.declare(
    ContentAsset,
    workspace="workspace",
    author="created_by",
    fields={**dict.fromkeys(_WORDS, WITH_ROW), "search": SECRET},  # of title and content again, for looking up
)
