"""Authenticator apps and recovery codes, and proving again who one is."""

from typing import cast

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Principal
from accounts.serializers.mfa import (
    MfaCodeSerializer,
    ReauthenticationSerializer,
    RecoveryCodesSerializer,
    TotpEnrolmentSerializer,
    TotpStateSerializer,
)
from accounts.services import mfa
from huntaze.api.serializers import read
from huntaze.api.views import ApiView

_CONFLICT = OpenApiResponse(description=_("The second factor is not in the state that this needs; `code` says how."))


class SecondFactorView(ApiView):
    """An operation on one's own second factor: it guards secrets, and its answers may bear them."""

    resource = "account"
    rate_class = "auth"
    stores_answers = False
    requires_recent_sign_in = frozenset({"POST", "DELETE"})


class Totp(SecondFactorView):
    @extend_schema(operation_id="auth_mfa_totp_read", responses=TotpStateSerializer)
    def get(self, request: Request) -> Response:
        """Say whether an authenticator app is on, and how many recovery codes are left."""
        return Response(TotpStateSerializer(mfa.totp_state(self.caller.id)).data)

    @extend_schema(operation_id="auth_mfa_totp_start", request=None, responses={201: TotpEnrolmentSerializer, 409: _CONFLICT})
    def post(self, request: Request) -> Response:
        """Start turning an authenticator app on; nothing changes until a code of it confirms that it works.

        409 `mfa_on` when one is on already; 403 `email_not_verified` until the person's address is confirmed.
        """
        return _secret(TotpEnrolmentSerializer(mfa.start_totp(user_id=self.caller.id)).data)

    @extend_schema(operation_id="auth_mfa_totp_disable", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Turn the authenticator app off. The recovery codes go with it where no passkey is left."""
        mfa.turn_totp_off(user_id=self.caller.id)
        return Response(status=204)


class ConfirmTotp(SecondFactorView):
    @extend_schema(
        operation_id="auth_mfa_totp_confirm", request=MfaCodeSerializer, responses={201: RecoveryCodesSerializer, 409: _CONFLICT}
    )
    def post(self, request: Request) -> Response:
        """Turn the authenticator app on by a code that it shows. The recovery codes are to be kept elsewhere."""
        codes = mfa.confirm_totp(user_id=self.caller.id, **read(MfaCodeSerializer, request.data))
        return _secret({"recovery_codes": codes})


class RecoveryCodes(SecondFactorView):
    @extend_schema(operation_id="auth_mfa_recovery_codes_create", request=None, responses={201: RecoveryCodesSerializer, 409: _CONFLICT})
    def post(self, request: Request) -> Response:
        """Make new recovery codes; those that were stop working."""
        return _secret({"recovery_codes": mfa.make_recovery_codes(user_id=self.caller.id)})


class Reauthenticate(ApiView):
    resource = "account"
    rate_class = "auth"
    stores_answers = False

    @extend_schema(operation_id="auth_reauthenticate", request=ReauthenticationSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Prove again who you are. Operations that answer 403 `reauthentication_required` ask for it.

        The password is needed where the account has one, and a code where a second factor is on. Who has neither signs in again.
        """
        principal = cast("Principal", request.user)
        values = read(ReauthenticationSerializer, request.data)
        mfa.reauthenticate(user_id=principal.id, session_id=principal.session_id, **values)
        return Response(status=204)


def _secret(answer: object) -> Response:
    return Response(answer, status=201, headers={"Cache-Control": "no-store"})
