"""What sign-up, sign-in and refresh read and write."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from accounts import devices, services
from accounts.models import Session, User
from accounts.serializers.people import ProfileSerializer
from accounts.validators import validate_name
from huntaze.api.errors import ValidationFailed
from huntaze.api.serializers import StrictSerializer

MAXIMUM_PASSWORD_LENGTH = 256
MAXIMUM_TOKEN_LENGTH = 256
MAXIMUM_CODE_LENGTH = 32


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
    name = serializers.CharField(max_length=100, validators=[validate_name])
    accept_terms = AcceptanceField(help_text=_("The terms in force are accepted, and the person is 18 or older."))

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values; raises ValidationError, which says of the password at once what the service would say later."""
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as error:
            faults: Any = error.detail
            if isinstance(data, dict) and isinstance(data.get("password"), str) and "password" not in faults:
                faults = {**faults, **_weaknesses(data)}
            raise serializers.ValidationError(faults) from None


def _weaknesses(data: dict[str, Any]) -> dict[str, list[ErrorDetail]]:
    """Return what is wrong with the password of somebody who says this of themselves."""
    said = {name: data[name] for name in ("email", "name") if isinstance(data.get(name), str)}
    try:
        services.check_password(data["password"], user=User(**said))
    except ValidationFailed as refusal:
        faults: Any = refusal.extra["errors"]
        return {"password": [ErrorDetail(fault["detail"], fault["code"]) for fault in faults]}
    return {}


class EmailSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)


class EmailTokenSerializer(StrictSerializer):
    token = serializers.CharField(max_length=MAXIMUM_TOKEN_LENGTH, help_text=_("The last part of the mailed link's path."))


class PasswordResetSerializer(EmailTokenSerializer):
    password = serializers.CharField(max_length=MAXIMUM_PASSWORD_LENGTH, trim_whitespace=False)


class PasswordChangeSerializer(StrictSerializer):
    current_password = serializers.CharField(max_length=MAXIMUM_PASSWORD_LENGTH, trim_whitespace=False)
    new_password = serializers.CharField(max_length=MAXIMUM_PASSWORD_LENGTH, trim_whitespace=False)


class SignInSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=MAXIMUM_PASSWORD_LENGTH, trim_whitespace=False)
    mfa_code = serializers.CharField(
        max_length=MAXIMUM_CODE_LENGTH, default="", help_text=_("Where a second factor is on: a code of the app, or a recovery code.")
    )


class RefreshSerializer(StrictSerializer):
    refresh_token = serializers.CharField(max_length=MAXIMUM_TOKEN_LENGTH)


class AcceptedSerializer(serializers.Serializer[Any]):
    """The answer that tells nothing."""

    status = serializers.ChoiceField([("accepted", "accepted")])


class VerificationSentSerializer(serializers.Serializer[Any]):
    """The answer to a sign-up that waits for its address to be confirmed."""

    status = serializers.ChoiceField([("verification_sent", "verification_sent")])


class SessionSerializer(serializers.ModelSerializer[Session]):
    device = serializers.SerializerMethodField(help_text=_("What people call it, from its User-Agent."))
    current = serializers.SerializerMethodField(help_text=_("Whether this call came by it."))
    last_used_at = serializers.DateTimeField(help_text=_("When it last signed in, refreshed or, a browser, loaded a page."))

    class Meta:
        model = Session
        fields = ["id", "kind", "device", "address", "current", "created_at", "last_used_at"]

    def get_device(self, session: Session) -> str:
        """Return the device's name."""
        return str(devices.name(session.user_agent))

    def get_current(self, session: Session) -> bool:
        """Return whether the request came by this session."""
        return bool(session.id == self.context["view"].caller.session_id)


class TokensSerializer(serializers.Serializer[Any]):
    """The answer that lets a person in."""

    user = ProfileSerializer()
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.ChoiceField([("Bearer", "Bearer")])
    expires_in = serializers.IntegerField(help_text=_("Seconds until the access token expires."))
