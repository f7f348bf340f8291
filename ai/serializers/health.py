"""The AI providers of this installation, as the API shows them."""

from typing import Any

from rest_framework import serializers

from ai.models import ProviderName, UsageSource
from ai.providers.base import ERROR_DETAILS
from huntaze.api.serializers import StrictSerializer

_STATES = (("closed", "closed"), ("open", "open"), ("half_open", "half_open"))
_STATE_HELP = "`open`: no call begins, since too many failed; `half_open`: the next call finds out whether the vendor is back."


class CircuitSerializer(serializers.Serializer[Any]):
    deployment = serializers.CharField()
    circuit = serializers.ChoiceField(_STATES, source="state", help_text=_STATE_HELP)
    since = serializers.DateTimeField(allow_null=True, help_text="When it opened or closed; null where it never opened.")
    last_error = serializers.CharField(help_text="Code of the last failure that was the vendor's; empty without one.")
    last_error_at = serializers.DateTimeField(allow_null=True)


class ProviderStatusSerializer(serializers.Serializer[Any]):
    provider = serializers.ChoiceField(ProviderName.choices)
    configured = serializers.BooleanField()
    capabilities = serializers.ListField(child=serializers.CharField(), help_text="Besides text; a model may do less than its vendor.")
    circuit = serializers.ChoiceField(_STATES, source="state", help_text=f"The worst of its deployments. {_STATE_HELP}")
    since = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()
    last_error_at = serializers.DateTimeField(allow_null=True)
    deployments = CircuitSerializer(many=True, help_text="Those that were called within the last hour.")


class ProviderStatusListSerializer(serializers.Serializer[Any]):
    data = ProviderStatusSerializer(many=True)  # type: ignore[assignment]


class AzureDeploymentSerializer(serializers.Serializer[Any]):
    model = serializers.CharField(source="name")
    deployment = serializers.CharField(source="sent_name")
    retires_on = serializers.DateField(allow_null=True)


class AzureSetupSerializer(serializers.Serializer[Any]):
    configured = serializers.BooleanField()
    host = serializers.CharField(help_text="Of the endpoint; empty where none is set.")
    api = serializers.ChoiceField((("v1", "v1"), ("dated", "dated")))
    api_version = serializers.CharField(help_text="The date of a dated API, else empty.")
    deployments = AzureDeploymentSerializer(many=True)


class SmokeOrderSerializer(StrictSerializer):
    deployment = serializers.CharField(max_length=100, required=False, help_text="By default the catalogue's first.")


class SmokeUsageSerializer(serializers.Serializer[Any]):
    input_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    source = serializers.ChoiceField(UsageSource.choices)  # type: ignore[assignment]


class SmokeErrorSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField([(code, code) for code in ERROR_DETAILS])
    detail = serializers.CharField()
    upstream = serializers.DictField(help_text="What the vendor said, without secrets.")


class SmokeSerializer(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    deployment = serializers.CharField()
    model = serializers.CharField(help_text="As the vendor names it; empty where the call failed.")
    latency_ms = serializers.IntegerField()
    usage = SmokeUsageSerializer(allow_null=True, help_text="Null where the vendor turned the call down before any work.")
    error = SmokeErrorSerializer(allow_null=True)
