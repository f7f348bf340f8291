"""Another password: by the present one, or by a link."""

from typing import cast

from django.utils.translation import get_language_from_request
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.authentication import Principal
from accounts.serializers.auth import AcceptedSerializer, EmailSerializer, PasswordChangeSerializer, PasswordResetSerializer
from accounts.views.auth import INVALID_TOKEN, Door, user_agent
from huntaze.api.serializers import read
from huntaze.api.views import ApiView


class ForgotPassword(Door):
    serializer_class = EmailSerializer

    @extend_schema(operation_id="auth_password_forgot", auth=[], request=EmailSerializer, responses={202: AcceptedSerializer})
    def post(self, request: Request) -> Response:
        """Mail a link to set a new password, if the address has an account; the answer is the same for one that has none."""
        values = read(self.serializer_class, request.data)
        services.forgot_password(**values, language=get_language_from_request(request), user_agent=user_agent(request))
        return Response({"status": "accepted"}, status=202)


class ResetPassword(Door):
    serializer_class = PasswordResetSerializer

    @extend_schema(operation_id="auth_password_reset", auth=[], request=PasswordResetSerializer, responses={204: None, 400: INVALID_TOKEN})
    def post(self, request: Request) -> Response:
        """Set a new password by the token of the mailed link, which works once. All sessions end; sign in afterwards."""
        services.reset_password(**read(self.serializer_class, request.data))
        return Response(status=204)


class ChangePassword(ApiView):
    resource = "account"
    rate_class = "auth"
    stores_answers = False

    @extend_schema(operation_id="auth_password_change", request=PasswordChangeSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Set a new password by the present one, and end all other sessions."""
        principal = cast("Principal", request.user)
        values = read(PasswordChangeSerializer, request.data)
        services.change_password(user_id=principal.id, session_id=principal.session_id, **values)
        return Response(status=204)
