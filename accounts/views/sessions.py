"""The devices that a person is signed in on."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import Session
from accounts.serializers.auth import SessionSerializer
from huntaze.api.views import ApiView, WorkspaceViewSet


class SessionViewSet(ListModelMixin, WorkspaceViewSet):
    """Sessions of the person who calls, whatever workspace the call acts in."""

    resource = "account"
    queryset = Session.objects.all()
    serializer_class = SessionSerializer

    def get_queryset(self) -> Any:
        """Return the person's sessions that have not ended."""
        return Session.objects.live(now=timezone.now()).filter(user_id=self.caller.id)

    @extend_schema(operation_id="auth_sessions_list")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the devices that the person is signed in on, the latest sign-in first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(operation_id="auth_sessions_end", responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        """Sign a device out: its tokens stop working at once."""
        services.sign_out_device(user_id=self.caller.id, session_id=pk)
        return Response(status=204)


class SignOutEverywhere(ApiView):
    resource = "account"
    stores_answers = False

    @extend_schema(operation_id="auth_signout_all", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Sign every device out, this one too."""
        services.sign_out_everywhere(user_id=self.caller.id)
        return Response(status=204)
