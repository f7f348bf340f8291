"""Generations as the API shows them."""

from typing import Any, get_args

from rest_framework import serializers

from ai.models import Generation, GenerationKind, GenerationStatus, UsageSource
from ai.replies.suggesting import DRAFT, ESCALATE, ESCALATIONS
from ai.routing.router import Check, Reason, Role, Why
from huntaze.api.serializers import QuerySerializer


class GenerationOutputSerializer(serializers.Serializer[Any]):
    variant = serializers.IntegerField()
    text = serializers.CharField()
    origin = serializers.ChoiceField(["model", "template", "rules"])
    provider = serializers.CharField()
    model = serializers.CharField()
    decision = serializers.ChoiceField([DRAFT, ESCALATE], required=False, help_text="Of a reply: whether a person must answer instead.")
    reasons = serializers.ListField(child=serializers.ChoiceField(ESCALATIONS), required=False, help_text="Why a person must answer.")


class GenerationCheckSerializer(serializers.Serializer[Any]):
    variant = serializers.IntegerField()
    draft = serializers.IntegerField(help_text="1 for the first text, 2 for the one that was asked for again, and so on.")
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


class RouteModelSerializer(serializers.Serializer[Any]):
    """A model of the catalogue, stored as provider and name."""

    provider = serializers.CharField()
    model = serializers.CharField()

    def to_representation(self, instance: Any) -> Any:
        """Return the pair by its names."""
        return dict(zip(("provider", "model"), instance, strict=True))


class RouteAttemptSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    model = serializers.CharField()
    role = serializers.ChoiceField(get_args(Role))
    check = serializers.ChoiceField(get_args(Check), help_text="What judges the answer.")
    cost_nanousd = serializers.IntegerField(help_text="What all calls of it may cost at most, in nano-dollars.")


class RouteAlternativeSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    model = serializers.CharField()
    cost_nanousd = serializers.IntegerField(help_text="What it would cost at most to ask it first, in nano-dollars.")
    reason = serializers.ChoiceField(get_args(Reason), help_text="Why it is not asked.")


class RouteSerializer(serializers.Serializer[Any]):
    """Which models are asked in which order, and why."""

    why = serializers.ChoiceField(get_args(Why))
    attempts = RouteAttemptSerializer(many=True)
    alternatives = RouteAlternativeSerializer(many=True)
    cost_nanousd = serializers.IntegerField(help_text="What the dearest path may cost, in nano-dollars.")
    score = serializers.FloatField(allow_null=True, help_text="What the strong model was expected to gain, where that was learned.")
    calibrated_on = serializers.CharField(allow_null=True)
    reference = RouteModelSerializer(allow_null=True, help_text="The model against whose price savings are measured.")


class GenerationSerializer(serializers.ModelSerializer[Generation]):
    """A generation with what it cost; `model` and `provider` say who wrote the outputs."""

    kind = serializers.ChoiceField(GenerationKind.choices)
    status = serializers.ChoiceField(GenerationStatus.choices)
    input = serializers.DictField()
    outputs = GenerationOutputSerializer(many=True)
    route = RouteSerializer(allow_null=True, help_text="Null where no model was asked.")
    prompt = GenerationPromptSerializer(source="*")
    tokens = GenerationTokensSerializer(source="*")
    cost_microusd = serializers.IntegerField(help_text="Micro-dollars, rounded up.")
    baseline_microusd = serializers.IntegerField(
        allow_null=True, help_text="What the reference model alone would have cost, rounded down; null without one."
    )
    cache = serializers.ChoiceField([*Generation.Cache.values, ""], help_text="`exact` where an earlier generation gave the outputs.")
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
            "route",
            "prompt",
            "tokens",
            "cost_microusd",
            "baseline_microusd",
            "cache",
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
