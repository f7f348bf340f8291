"""What people made of generations, as the API reads and shows it."""

from typing import Any

from rest_framework import serializers

from ai.models import FeedbackRating, GenerationFeedback
from huntaze.api.serializers import StrictModelSerializer


class FeedbackSerializer(StrictModelSerializer):
    """What a person made of a generation: taken as it was, taken with changes, or not taken."""

    rating = serializers.ChoiceField(FeedbackRating.choices)
    comment = serializers.CharField(max_length=1000, default="", allow_blank=True)

    class Meta:
        model = GenerationFeedback
        fields: Any = ("id", "generation_id", "rating", "comment", "created_at", "updated_at")
        read_only_fields = ("id", "generation_id", "created_at", "updated_at")
