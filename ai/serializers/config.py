"""How a workspace wants its texts, as the API reads and shows it."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ai.models import LANGUAGES, AiConfig, PrivacyTier, QualityFloor
from huntaze.api.serializers import BoundedListField, StrictModelSerializer

MOST_FORBIDDEN_WORDS = 100


class ConfigSerializer(StrictModelSerializer):
    """How the workspace wants its texts; docs/api/ai-config.md says what each field does."""

    languages = BoundedListField(child=serializers.ChoiceField(LANGUAGES), max_length=len(LANGUAGES), required=False)
    forbidden_words = BoundedListField(child=serializers.CharField(max_length=64), max_length=MOST_FORBIDDEN_WORDS, required=False)
    privacy_tier = serializers.ChoiceField(PrivacyTier.choices, required=False, help_text=_("Who may read what is sent to a model."))
    quality_floor = serializers.ChoiceField(
        QualityFloor.choices, required=False, help_text=_("The share of the strong model's quality to keep, in percent.")
    )

    class Meta:
        model = AiConfig
        fields: Any = (
            "persona",
            "response_style",
            "boundaries",
            "languages",
            "forbidden_words",
            "privacy_tier",
            "disclosure_text",
            "quality_floor",
            "updated_at",
        )
        read_only_fields = ("updated_at",)
