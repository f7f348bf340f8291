"""Generations as the API shows them."""

from typing import Any

from rest_framework import serializers

from ai.models import Generation, GenerationKind, GenerationStatus, UsageSource
from huntaze.api.serializers import QuerySerializer


class GenerationOutputSerializer(serializers.Serializer[Any]):
    variant = serializers.IntegerField()
    text = serializers.CharField()
    origin = serializers.ChoiceField(["model", "template"])


class GenerationCheckSerializer(serializers.Serializer[Any]):
    variant = serializers.IntegerField()
    draft = serializers.IntegerField(help_text="1 for the model's first text, 2 for the one that it was asked for again.")
    code = serializers.CharField()
    detail = serializers.CharField()


class GenerationErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    upstream = serializers.DictField(required=False)


class GenerationPromptSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(source="prompt_name")
    hash = serializers.CharField(source="prompt_hash")


class GenerationTokensSerializer(serializers.Serializer[Any]):
    input = serializers.IntegerField(source="input_tokens")
    cached = serializers.IntegerField(source="cached_tokens")
    output = serializers.IntegerField(source="output_tokens")
    counted = serializers.ChoiceField(
        [*UsageSource.values, ""], source="usage_source", help_text="Whether the provider reported the counts."
    )


class GenerationSerializer(serializers.ModelSerializer[Generation]):
    """A generation with what it cost; `model` and `provider` say who wrote the outputs."""

    kind = serializers.ChoiceField(GenerationKind.choices)
    status = serializers.ChoiceField(GenerationStatus.choices)
    input = serializers.DictField()
    outputs = GenerationOutputSerializer(many=True)
    prompt = GenerationPromptSerializer(source="*")
    tokens = GenerationTokensSerializer(source="*")
    cost_microusd = serializers.IntegerField(help_text="Micro-dollars, rounded up.")
    checks = GenerationCheckSerializer(many=True, help_text="What was wrong with the drafts that were not kept.")
    error = GenerationErrorSerializer(allow_null=True)

    class Meta:
        model = Generation
        fields = (
            "id",
            "kind",
            "status",
            "input",
            "outputs",
            "provider",
            "model",
            "prompt",
            "tokens",
            "cost_microusd",
            "checks",
            "error",
            "asset_id",
            "asset_reason",
            "attempts",
            "created_at",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields


class GenerationQuerySerializer(QuerySerializer):
    """Filters of the list of generations."""

    kind = serializers.ChoiceField(GenerationKind.choices, required=False)
    status = serializers.ChoiceField(GenerationStatus.choices, required=False)
