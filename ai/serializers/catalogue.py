"""Models and prices: as the API shows them, and as a file of `syncmodels` says them."""

from typing import Any

from rest_framework import serializers

from ai.models import AiModel, Capability, ModelPrice, ProviderName, Tier
from huntaze.api.serializers import BoundedListField, StrictModelSerializer, StrictSerializer

_KINDS = {
    "input": "input_price",
    "cached": "cached_price",
    "cache_write": "cache_write_price",
    "output": "output_price",
    "batch_input": "batch_input_price",
    "batch_output": "batch_output_price",
}
_NULLABLE = ("cache_write", "batch_input", "batch_output")
_UNIT = "Micro-dollars per million tokens."
_HELP = {
    "cache_write": "For tokens that are written to the vendor's cache; where nobody says, they cost what input costs.",
    "batch_input": "In the provider's batches; null where it has none, or nobody says.",
    "batch_output": "In the provider's batches; null where it has none, or nobody says.",
}


def _price(kind: str, source: str, **options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(
        source=source, min_value=0, max_value=10**12, help_text=f"{_UNIT} {_HELP.get(kind, '')}".strip(), **options
    )


class PriceSerializer(StrictModelSerializer):
    """What a model costs from a time on."""

    starts_at = serializers.DateTimeField()

    class Meta:
        model = ModelPrice
        fields = ("starts_at", *_KINDS)

    def get_fields(self) -> Any:
        """Return a field for each kind of token."""
        kinds = {
            kind: _price(kind, source, **({"required": False, "allow_null": True} if kind in _NULLABLE else {}))
            for kind, source in _KINDS.items()
        }
        return {"starts_at": serializers.DateTimeField(), **kinds}


class ModelSerializer(serializers.ModelSerializer[AiModel]):
    """A model with what it can do, until when it exists and what it costs."""

    provider = serializers.ChoiceField(ProviderName.choices)
    tier = serializers.ChoiceField(Tier.choices)
    regions = serializers.ListField(child=serializers.CharField(), help_text="Where texts are processed; empty where nobody is bound.")
    capabilities = serializers.ListField(child=serializers.ChoiceField(Capability.choices))
    context_tokens = serializers.IntegerField(allow_null=True, help_text="The longest request that it reads, where that is known.")
    retires_on = serializers.DateField(allow_null=True, help_text="From this day on the vendor no longer serves it.")
    configured = serializers.BooleanField(help_text="Whether this installation has a key or an address of the provider.")
    price = PriceSerializer(allow_null=True, help_text="The price in force; a model without one does not write.")
    next_price = PriceSerializer(allow_null=True)

    class Meta:
        model = AiModel
        fields = (
            "id",
            "provider",
            "name",
            "tier",
            "regions",
            "capabilities",
            "context_tokens",
            "retires_on",
            "configured",
            "price",
            "next_price",
        )
        read_only_fields = fields


class ModelListSerializer(serializers.Serializer[Any]):
    data = ModelSerializer(many=True)  # type: ignore[assignment]


class ModelEntrySerializer(StrictSerializer):
    """One model of a file of `syncmodels`; what it leaves out stays as it is."""

    provider = serializers.ChoiceField(ProviderName.choices)
    name = serializers.CharField(max_length=100)
    deployment = serializers.CharField(max_length=100, allow_blank=True, required=False)
    enabled = serializers.BooleanField(required=False)
    rank = serializers.IntegerField(min_value=0, max_value=32767, required=False)
    tier = serializers.ChoiceField(Tier.choices, required=False)
    regions = BoundedListField(child=serializers.CharField(max_length=16), max_length=20, required=False)
    context_tokens = serializers.IntegerField(min_value=1, max_value=2**31 - 1, allow_null=True, required=False)
    capabilities = BoundedListField(child=serializers.ChoiceField(Capability.choices), max_length=len(Capability), required=False)
    retires_on = serializers.DateField(allow_null=True, required=False)
    prices = PriceSerializer(many=True, required=False)


class CatalogueSerializer(StrictSerializer):
    """A file of `syncmodels`."""

    models = ModelEntrySerializer(many=True)
