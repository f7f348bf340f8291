"""What apps read and write when they sign people in through a browser."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from huntaze.api.serializers import StrictSerializer


class CodeSerializer(StrictSerializer):
    code = serializers.CharField(max_length=256)
    code_verifier = serializers.CharField(min_length=43, max_length=128, help_text=_("What the PKCE challenge was made from."))
    redirect_uri = serializers.CharField(
        max_length=2000, required=False, help_text=_("Where the code came to; where it is sent, it must be that address.")
    )


class ProviderSerializer(serializers.Serializer[Any]):
    """A provider that people may sign in with."""

    id = serializers.CharField()
    name = serializers.CharField()
    url = serializers.URLField(help_text=_("Where a browser starts to sign in with it."))


class ProvidersSerializer(serializers.Serializer[Any]):
    """The providers that are configured, all at once."""

    data = ProviderSerializer(many=True)  # type: ignore[assignment]  # the word of every list
    has_more = serializers.BooleanField()
    next_cursor = serializers.CharField(allow_null=True)
