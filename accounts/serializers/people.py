"""What the API says of people, and what they may say of themselves."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.validators import URLValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts import notices
from accounts.models import MemberRole, Plan, Role
from accounts.validators import validate_name
from huntaze.api.serializers import StrictSerializer


class ProfileWorkspaceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text=_("The workspace that this session acts in."))
    name = serializers.CharField()
    role = serializers.ChoiceField(MemberRole.choices)
    plan = serializers.ChoiceField(Plan.choices)


class ProfileSerializer(serializers.Serializer[Any]):
    """The schema of `Principal.profile()`."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    avatar = serializers.CharField(help_text=_("Address of a picture, or empty."))
    role = serializers.ChoiceField(Role.choices)
    subscription = serializers.ChoiceField(Plan.choices, help_text=_("Plan of the person's default workspace."))
    workspace = ProfileWorkspaceSerializer()
    created_at = serializers.DateTimeField()


class MeEditSerializer(StrictSerializer):
    """What a person may change of `ProfileSerializer`."""

    name = serializers.CharField(max_length=100, validators=[validate_name], required=False)


@cache
def _time_zones() -> frozenset[str]:
    """Return the names of the IANA time zones; looking them up reads a folder of six hundred files."""
    return frozenset(available_timezones())


class TimeZoneField(serializers.CharField):
    """The name of an IANA time zone, such as `Europe/Paris`."""

    default_error_messages = {"unknown_time_zone": _("This is not the name of an IANA time zone, such as Europe/Paris.")}

    def to_internal_value(self, data: Any) -> str:
        """Return the name; raises ValidationError."""
        name = super().to_internal_value(data)
        if name not in _time_zones():
            self.fail("unknown_time_zone")
        return name


class AvatarField(serializers.CharField):
    """The address of a picture over HTTPS, or nothing; we never fetch it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, allow_blank=True, **kwargs)
        self.validators.append(URLValidator(schemes=["https"], message=_("This is not an address that begins with https://.")))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the address; an empty one needs no check."""
        return "" if data == "" else super().run_validation(data)


class AlwaysMailedField(serializers.BooleanField):
    """Whether notices of a kind of security are mailed: they are, whatever one prefers."""

    default_error_messages = {
        "always_mailed": _("Notices of this kind keep the account safe. They are always mailed and cannot be switched off.")
    }

    def to_internal_value(self, data: Any) -> bool:
        """Return True; raises ValidationError for anything else."""
        wanted = super().to_internal_value(data)
        if not wanted:
            self.fail("always_mailed")
        return wanted


class NoticesSerializer(StrictSerializer):
    """Of which kinds of notices a person is sent e-mails; each kind is a field."""

    def get_fields(self) -> dict[str, Any]:
        """Return one field for each kind, which says what it is about and whether it can be switched off."""
        return super().get_fields() | {kind: _notice_field(told) for kind, told in notices.KINDS.items()}


def _notice_field(told: notices.Kind) -> serializers.BooleanField:
    if not told.security:
        return serializers.BooleanField(required=False, help_text=told.title)
    always = format_lazy("{title}. {always}", title=told.title, always=_("Always mailed: it cannot be switched off."))
    return AlwaysMailedField(required=False, help_text=always)


class PersonSerializer(StrictSerializer):
    """What a person says of themselves."""

    display_name = serializers.CharField(
        max_length=100, validators=[validate_name], allow_blank=True, required=False, help_text=_("As others see it; may be empty.")
    )
    bio = serializers.CharField(max_length=1000, allow_blank=True, required=False)
    timezone = TimeZoneField(max_length=64, required=False, help_text=_("IANA time zone."))
    language = serializers.ChoiceField(settings.LANGUAGES, required=False, help_text=_("Of e-mails and pages."))
    avatar = AvatarField(required=False, help_text=_("Address of a picture, with https, or empty."))
    notices = NoticesSerializer(required=False, help_text=_("Of which notices you are sent e-mails."))
