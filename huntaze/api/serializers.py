"""The bases of every serializer that reads a request."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from huntaze.api.errors import ValidationFailed

# What a field is written as in JSON. DRF would also take "5" for 5 and 5 for "5", which hides a client's fault.
_WRITTEN_AS: Mapping[type[serializers.Field[Any, Any, Any, Any]], tuple[type, str | Promise]] = MappingProxyType(
    {
        serializers.BooleanField: (bool, _("This must be true or false.")),
        serializers.IntegerField: (int, _("This must be a whole number.")),
        serializers.CharField: (str, _("This must be text.")),
        serializers.ChoiceField: (str, _("This must be text.")),
        serializers.UUIDField: (str, _("This must be text.")),
    }
)
# What DRF would say in Python's words, such as "dictionary", or without what helps.
_WORDS: Mapping[type[serializers.Field[Any, Any, Any, Any]], Mapping[str, Any]] = MappingProxyType(
    {
        serializers.ListField: {"not_a_list": _("This must be a list.")},
        serializers.DictField: {"not_a_dict": _("This must be an object.")},
        serializers.DateTimeField: {"invalid": _("This must be a time such as 2026-11-22T19:00:00Z.")},
    }
)
# A body of a megabyte can hold a hundred thousand unknown names; a client needs no more than these to see its fault.
_NAMED_AT_ONCE = 20


class BoundedListField(serializers.ListField):
    """A list that is refused by its length before its items are looked at, each of which costs its own error."""

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        """Return the validated items; raises ValidationError."""
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        items: list[Any] = super().run_child_validation(data)
        return items


class QuerySerializer(serializers.Serializer[Any]):
    """Refuse parameters that the operation does not declare, instead of dropping them in silence."""

    default_error_messages = {"unknown_field": _("This operation has no such field."), "invalid": _("This must be an object.")}

    def get_fields(self) -> dict[str, Any]:
        """Return the declared fields, which refuse in our words."""
        fields: dict[str, Any] = super().get_fields()
        for field in fields.values():
            _word(field)
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values; raises ValidationError that names the first unknown ones."""
        if isinstance(data, dict):
            writable = {field.field_name for field in self._writable_fields}
            unknown = [name for name in data if name not in writable]
            if unknown:
                faults = {name: [self.error_messages["unknown_field"]] for name in unknown[:_NAMED_AT_ONCE]}
                raise serializers.ValidationError(faults, code="unknown_field")
        return super().to_internal_value(data)


class StrictSerializer(QuerySerializer):
    """Refuse undeclared fields, and values of another JSON type than the declared."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values; raises ValidationError."""
        values = super().to_internal_value(data)
        faults = {
            str(field.field_name): fault for field in self._writable_fields if (fault := _type_fault(field, data.get(field.field_name)))
        }
        if faults:
            raise serializers.ValidationError(faults, code="wrong_type")
        return values


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    """A StrictSerializer whose fields come from a model."""


@cache
def _shared(kind: Any) -> Any:
    return kind()


def read(kind: type[QuerySerializer], data: Any) -> dict[str, Any]:
    """Return `data` as `kind` validates it; raises ValidationError.

    Each kind's serializer is built once: building its fields costs more than using them, and they hold no request's state.
    """
    return dict(_shared(kind).run_validation(data))


def read_query(kind: type[QuerySerializer], data: Any) -> dict[str, Any]:
    """Return the query parameters `data` as `kind` validates them; raises ValidationFailed that names the wrong ones."""
    try:
        return read(kind, data)
    except serializers.ValidationError as error:
        details: Any = error.get_full_details()
        faults = [
            {"parameter": name, "code": str(fault["code"]), "detail": str(fault["message"])}
            for name, found in details.items()
            for fault in found
        ]
        raise ValidationFailed(_now("See `errors`."), errors=faults) from None


def require_once_each(query: QueryDict) -> None:
    """Raise ValidationFailed that names the first parameters which a query has twice: which of the values counts would be a guess."""
    repeated = [name for name, values in query.lists() if len(values) > 1][:_NAMED_AT_ONCE]
    if repeated:
        faults = [{"parameter": name, "code": "repeated", "detail": _now("This stands more than once.")} for name in repeated]
        raise ValidationFailed(_now("See `errors`."), errors=faults)


def show(kind: type[serializers.Serializer[Any]], instance: Any) -> Any:
    """Return what `kind` shows of `instance`, by a serializer that is built once."""
    return _shared(kind).to_representation(instance)


def _word(field: Any) -> None:
    """Make a field, and what it holds, refuse in our words."""
    for kind, words in _WORDS.items():
        if isinstance(field, kind):
            field.error_messages |= words
    if isinstance(field, serializers.ChoiceField):
        choices = ", ".join(map(str, field.choices))
        field.error_messages["invalid_choice"] = format_lazy(_("This must be one of: {choices}."), choices=choices)
    if isinstance(field, serializers.ListField):
        _word(field.child)


def _type_fault(field: Any, value: Any) -> Any:
    """Return what is wrong with the JSON type of `value`: a list of one message, or for a list a mapping by index; else nothing."""
    if value is None:
        return None
    if isinstance(field, serializers.ListField):
        faults = {index: fault for index, item in enumerate(value) if (fault := _type_fault(field.child, item))}
        return faults or None
    written_as = next((kind for base, kind in _WRITTEN_AS.items() if isinstance(field, base)), None)
    if written_as is None or (isinstance(value, written_as[0]) and isinstance(value, bool) == (written_as[0] is bool)):
        return None
    return [written_as[1]]
