"""Sign-up, sign-in, refresh and sign-out."""

from typing import Any, cast

from django.conf import settings
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.authentication import Principal
from accounts.serializers.auth import (
    RefreshSerializer,
    SignInSerializer,
    SignUpSerializer,
    TokensSerializer,
    VerificationSentSerializer,
)
from huntaze.api.serializers import read
from huntaze.api.views import ApiView

_TAKEN = OpenApiResponse(description=_("An account has this e-mail address."))
_REFUSED = OpenApiResponse(description=_("The password is right, but the account is suspended, or waits for its address to be confirmed."))
INVALID_TOKEN = OpenApiResponse(description=_("The link was used, or its time is over."))


class Door(ApiView):
    """An operation that lets people in: it asks for no token, and its answer bears secrets."""

    authentication_classes = []
    permission_classes = [AllowAny]
    rate_class = "auth"
    stores_answers = False
    serializer_class: type[Any]


class SignUp(Door):
    serializer_class = SignUpSerializer

    @extend_schema(
        operation_id="auth_signup",
        auth=[],
        request=SignUpSerializer,
        responses={201: TokensSerializer, 202: VerificationSentSerializer, 409: _TAKEN},
    )
    def post(self, request: Request) -> Response:
        """Make an account with a workspace of its own, and sign it in. 409 `email_taken` when the address has one.

        Where addresses must be confirmed first, the answer is 202 instead, the same whether or not the address has an account;
        the mailed link makes the account.
        """
        values = read(self.serializer_class, request.data)
        del values["accept_terms"]
        values |= {"language": get_language_from_request(request), "user_agent": user_agent(request)}
        if settings.EMAIL_VERIFICATION == "mandatory":
            services.request_sign_up(**values)
            return Response({"status": "verification_sent"}, status=202)
        return _answer(services.sign_up(**values), status=201)


class SignIn(Door):
    serializer_class = SignInSerializer

    @extend_schema(operation_id="auth_signin", auth=[], request=SignInSerializer, responses={200: TokensSerializer, 403: _REFUSED})
    def post(self, request: Request) -> Response:
        """Open a session. 401 `invalid_credentials` when the address or the password is wrong.

        Where a second factor is on, only who has sent the right password is answered 401 `mfa_required` without `mfa_code`,
        and 401 `invalid_mfa_code` for one that is wrong or was used.
        """
        return _answer(services.sign_in(**read(self.serializer_class, request.data), user_agent=user_agent(request)))


class Refresh(Door):
    serializer_class = RefreshSerializer

    @extend_schema(operation_id="auth_refresh", auth=[], request=RefreshSerializer, responses={200: TokensSerializer})
    def post(self, request: Request) -> Response:
        """Exchange a refresh token for its successor and a new access token.

        Concurrent calls, and a repeat within 10 seconds, get the same successor. A token used later than that, or an older
        one, answers 401 `refresh_token_reused` and ends the session with all its tokens.
        """
        return _answer(services.refresh(**read(self.serializer_class, request.data)))


class SignOut(ApiView):
    resource = "account"
    stores_answers = False

    @extend_schema(operation_id="auth_signout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End this session: its access and refresh tokens stop working at once."""
        services.sign_out(session_id=_caller(request).session_id)
        return Response(status=204)


def _caller(request: Request) -> Principal:
    return cast("Principal", request.user)


def _answer(signed_in: services.SignedIn, status: int = 200) -> Response:
    answer = {
        "user": signed_in.principal.profile(),
        "access_token": signed_in.access_token,
        "refresh_token": signed_in.refresh_token,
        "token_type": "Bearer",
        "expires_in": int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
    }
    return Response(answer, status=status, headers={"Cache-Control": "no-store"})


def user_agent(request: Request) -> str:
    """Return what the client calls itself."""
    agent: str = request.headers.get("User-Agent", "")
    return agent
