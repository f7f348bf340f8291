"""Showing that an e-mail address is one's own."""

from django.utils.translation import get_language_from_request
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.serializers.auth import AcceptedSerializer, EmailSerializer, EmailTokenSerializer
from accounts.views.auth import INVALID_TOKEN, Door, user_agent
from huntaze.api.serializers import read


class VerifyEmail(Door):
    serializer_class = EmailTokenSerializer

    @extend_schema(operation_id="auth_verify_email", auth=[], request=EmailTokenSerializer, responses={204: None, 400: INVALID_TOKEN})
    def post(self, request: Request) -> Response:
        """Confirm an address by the token of the mailed link, which works once. Sign in afterwards."""
        services.verify_email(**read(self.serializer_class, request.data))
        return Response(status=204)


class ResendVerification(Door):
    serializer_class = EmailSerializer

    @extend_schema(operation_id="auth_verify_email_resend", auth=[], request=EmailSerializer, responses={202: AcceptedSerializer})
    def post(self, request: Request) -> Response:
        """Mail the link again, if the address waits to be confirmed; the answer is the same for one that does not."""
        values = read(self.serializer_class, request.data)
        services.resend_verification(**values, language=get_language_from_request(request), user_agent=user_agent(request))
        return Response({"status": "accepted"}, status=202)
