"""The base of every serializer that reads a request."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """Refuse fields that the operation does not declare, instead of dropping them in silence."""

    default_error_messages = {"unknown_field": _("This operation has no such field.")}

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values; raises ValidationError that names every unknown field."""
        if isinstance(data, dict):
            writable = {field.field_name for field in self._writable_fields}
            unknown = [name for name in data if name not in writable]
            if unknown:
                message = self.error_messages["unknown_field"]
                raise serializers.ValidationError({name: [message] for name in unknown}, code="unknown_field")
        return super().to_internal_value(data)


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    """A StrictSerializer whose fields come from a model."""
