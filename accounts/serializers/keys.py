"""What the API says of API keys."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.permissions import KEY_SCOPES
from accounts.services.keys import LONGEST_OVERLAP
from accounts.validators import validate_name
from huntaze.api.serializers import BoundedListField, StrictSerializer

SCOPES = [(scope, scope) for scope in KEY_SCOPES]
MAXIMUM_CONNECTIONS = 100


class ApiKeySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text=_("How the key begins."))
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    connection_ids = serializers.ListField(
        child=serializers.UUIDField(), allow_null=True, help_text=_("The only connections it may use; null: all.")
    )
    user_id = serializers.UUIDField(help_text=_("Who made it, in whose name it comes."))
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text=_("To the minute."))
    previous_until = serializers.DateTimeField(allow_null=True, help_text=_("Until when the key before the last rotation works."))
    created_at = serializers.DateTimeField()


KEY_FIELDS = tuple(ApiKeySerializer().fields)


class NewApiKeySerializer(ApiKeySerializer):
    secret = serializers.CharField(help_text=_("The key itself. It is shown in this answer only."))


class ApiKeyCreateSerializer(StrictSerializer):
    name = serializers.CharField(max_length=100, validators=[validate_name])
    scopes = BoundedListField(child=serializers.ChoiceField(SCOPES), min_length=1, max_length=len(SCOPES))
    connection_ids = BoundedListField(child=serializers.UUIDField(), max_length=MAXIMUM_CONNECTIONS, allow_null=True, required=False)
    expires_at = serializers.DateTimeField(allow_null=True, required=False)


class ApiKeyUpdateSerializer(ApiKeyCreateSerializer):
    name = serializers.CharField(max_length=100, validators=[validate_name], required=False)
    scopes = BoundedListField(child=serializers.ChoiceField(SCOPES), min_length=1, max_length=len(SCOPES), required=False)


class RotateSerializer(StrictSerializer):
    overlap_seconds = serializers.IntegerField(
        min_value=0, max_value=LONGEST_OVERLAP // timedelta(seconds=1), default=3600, help_text=_("How long the old key goes on working.")
    )
