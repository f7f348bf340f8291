"""The library as the API reads and shows it."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ai.models import CONTENT_CHOICES, LANGUAGES
from content.models import AssetStatus, AssetType, ContentAsset
from huntaze.api.serializers import BoundedListField, QuerySerializer, StrictModelSerializer, StrictSerializer

TONES = ("professional", "casual", "creative", "humorous", "friendly", "flirty", "playful", "intimate")
LENGTHS = ("short", "medium", "long")
PLATFORMS = ("tiktok", "instagram", "onlyfans")
# What a person may set by hand; the others are reached by submitting, scheduling and publishing.
WRITABLE_STATUSES = (AssetStatus.DRAFT, AssetStatus.ARCHIVED)


class ProvenanceSerializer(serializers.Serializer[Any]):
    """Who or what wrote an asset."""

    origin = serializers.ChoiceField(["person", "model", "template"])
    user_id = serializers.UUIDField(required=False)
    generation_id = serializers.UUIDField(required=False)
    provider = serializers.CharField(required=False)
    model = serializers.CharField(required=False)
    prompt = serializers.CharField(required=False)
    prompt_hash = serializers.CharField(required=False)


class AssetSerializer(StrictModelSerializer):
    """An asset; also the body of a change, with every field optional."""

    type = serializers.ChoiceField(AssetType.choices)
    tags = BoundedListField(child=serializers.CharField(max_length=64), max_length=50, required=False)
    metadata = serializers.DictField(required=False)
    provenance = ProvenanceSerializer(read_only=True)

    class Meta:
        model = ContentAsset
        fields = (
            "id",
            "title",
            "content",
            "type",
            "status",
            "category",
            "tags",
            "metadata",
            "provenance",
            "generation_id",
            "variant",
            "created_by_id",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("id", "generation_id", "variant", "created_by_id", "created_at", "updated_at")
        extra_kwargs = {"content": {"max_length": 100_000}}

    def validate_status(self, status: str) -> str:
        """Return the status, if a person may set it by hand."""
        if status not in WRITABLE_STATUSES:
            detail = _("Only draft and archived can be set; the others come with what happens to the asset.")
            raise serializers.ValidationError(detail, code="invalid_choice")
        return status


class AssetCreateSerializer(AssetSerializer):
    """A new asset: its fields, or a generation's variant with fields that override it."""

    title = serializers.CharField(max_length=200, required=False)
    type = serializers.ChoiceField(AssetType.choices, required=False)
    generation_id = serializers.UUIDField(required=False)
    variant = serializers.IntegerField(min_value=1, max_value=5, required=False)

    class Meta(AssetSerializer.Meta):
        read_only_fields = ("id", "created_by_id", "created_at", "updated_at")  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values, if they say either what the asset is or which variant it comes from."""
        from_generation = [name for name in ("generation_id", "variant") if name in attrs]
        needed = ("generation_id", "variant") if from_generation else ("title", "type")
        missing = {name: [self.fields[name].error_messages["required"]] for name in needed if name not in attrs}
        if missing:
            raise serializers.ValidationError(missing, code="required")
        return attrs


class AssetQuerySerializer(QuerySerializer):
    """Filters of the list of assets."""

    type = serializers.ChoiceField(AssetType.choices, required=False)
    status = serializers.ChoiceField(AssetStatus.choices, required=False)
    category = serializers.CharField(max_length=64, required=False)
    tag = serializers.CharField(max_length=64, required=False)
    q = serializers.CharField(max_length=200, required=False, help_text="Words to find in title and content; quotes, OR and - work.")


class GenerateSerializer(StrictSerializer):
    """The order for a generation."""

    kind = serializers.ChoiceField(CONTENT_CHOICES)
    prompt = serializers.CharField(max_length=4000)
    platforms = BoundedListField(child=serializers.ChoiceField(PLATFORMS), max_length=len(PLATFORMS), default=list)
    tone = serializers.ChoiceField(TONES, default="friendly")
    length = serializers.ChoiceField(LENGTHS, default="medium")
    language = serializers.ChoiceField(LANGUAGES, default="en")
    audience = serializers.CharField(max_length=200, default="", allow_blank=True)
    variants = serializers.IntegerField(min_value=1, max_value=5, default=1)
    asset_id = serializers.UUIDField(required=False, help_text="An asset of the library to work from.")
    seed = serializers.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        help_text="The same order with the same seed gets the same texts again, at no cost while they are kept; without one, new texts.",
    )
    max_cost_microusd = serializers.IntegerField(
        min_value=0,
        max_value=10**12,
        required=False,
        help_text="The most that all calls may cost, repeats included; an order that could not be written within it is refused.",
    )
