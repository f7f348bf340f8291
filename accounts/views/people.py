"""Who I am."""

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import Principal
from accounts.serializers.people import ProfileSerializer
from huntaze.api.views import ApiView


class Me(ApiView):
    resource = "account"

    @extend_schema(operation_id="users_me", responses={200: ProfileSerializer})
    def get(self, request: Request) -> Response:
        """Return the person who calls, and the workspace that the call acts in."""
        return Response(cast("Principal", request.user).profile())
