"""What the second factor's operations read and write."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.serializers.auth import MAXIMUM_CODE_LENGTH, MAXIMUM_PASSWORD_LENGTH
from huntaze.api.serializers import StrictSerializer


class TotpStateSerializer(serializers.Serializer[Any]):
    """Whether an authenticator app is on; never its secret."""

    enabled = serializers.BooleanField()
    since = serializers.DateTimeField(allow_null=True)
    recovery_codes_left = serializers.IntegerField(min_value=0)


class TotpEnrolmentSerializer(serializers.Serializer[Any]):
    """What an authenticator app is set up by, told this once."""

    secret = serializers.CharField(help_text=_("In base32, to type into the app."))
    otpauth_uri = serializers.CharField(help_text=_("For apps on the same device."))
    qr_code_svg = serializers.CharField(help_text=_("The address as a picture, to scan."))
    expires_in = serializers.IntegerField(help_text=_("Seconds in which a code must confirm it."))


class MfaCodeSerializer(StrictSerializer):
    code = serializers.CharField(max_length=MAXIMUM_CODE_LENGTH)


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    """Codes that let a person in, once each, without their second factor."""

    recovery_codes = serializers.ListField(child=serializers.CharField())


class ReauthenticationSerializer(StrictSerializer):
    password = serializers.CharField(
        max_length=MAXIMUM_PASSWORD_LENGTH, trim_whitespace=False, default="", help_text=_("Needed where the account has one.")
    )
    mfa_code = serializers.CharField(
        max_length=MAXIMUM_CODE_LENGTH, default="", help_text=_("Needed where a second factor is on: of the app, or a recovery code.")
    )
