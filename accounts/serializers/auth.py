"""What sign-up, sign-in and refresh read and write."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.serializers.people import ProfileSerializer
from huntaze.api.serializers import StrictSerializer

MAXIMUM_PASSWORD_LENGTH = 256
MAXIMUM_TOKEN_LENGTH = 256


@extend_schema_field({"type": "boolean", "enum": [True]})
class AcceptanceField(serializers.Field[bool, Any, bool, Any]):
    """`true` and nothing else."""

    default_error_messages = {"not_accepted": _("The terms must be accepted: send true.")}

    def to_internal_value(self, data: Any) -> bool:
        """Return True; raises ValidationError."""
        if data is not True:
            self.fail("not_accepted")
        return True


class SignUpSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(
        max_length=MAXIMUM_PASSWORD_LENGTH,
        trim_whitespace=False,
        help_text=_("12 characters or more; not a common password, nor like the name or address."),
    )
    name = serializers.CharField(max_length=100)
    accept_terms = AcceptanceField(help_text=_("The terms in force are accepted, and the person is 18 or older."))


class SignInSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=MAXIMUM_PASSWORD_LENGTH, trim_whitespace=False)


class RefreshSerializer(StrictSerializer):
    refresh_token = serializers.CharField(max_length=MAXIMUM_TOKEN_LENGTH)


class TokensSerializer(serializers.Serializer[Any]):
    """The answer that lets a person in."""

    user = ProfileSerializer()
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.ChoiceField([("Bearer", "Bearer")])
    expires_in = serializers.IntegerField(help_text=_("Seconds until the access token expires."))
