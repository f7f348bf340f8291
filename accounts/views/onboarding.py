"""Setting up, over HTTP."""

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import permissions, services
from accounts.authentication import Principal
from accounts.serializers.onboarding import OnboardingSerializer, TakeStepSerializer
from huntaze.api.serializers import read
from huntaze.api.views import ApiView


class Onboarding(ApiView):
    resource = "account"

    @extend_schema(operation_id="users_onboarding", responses={200: OnboardingSerializer})
    def get(self, request: Request) -> Response:
        """Return how far setting up has come; the checklist says what the workspace has done for the first time."""
        return Response(self._onboarding())

    @extend_schema(operation_id="users_onboarding_step", request=TakeStepSerializer, responses={200: OnboardingSerializer})
    def patch(self, request: Request) -> Response:
        """Complete, skip or take up again one step, in any order.

        `business` is completed with what is sold and the niche; both are written onto the workspace, which needs its manager.
        """
        principal = cast("Principal", request.user)
        fields = read(TakeStepSerializer, request.data)
        if fields["business"]:
            permissions.require_scope(principal, "workspaces:write")
        services.take_step(user_id=principal.id, workspace_id=principal.workspace_id, **fields)
        return Response(self._onboarding())

    def _onboarding(self) -> object:
        return services.onboarding_of(user_id=self.caller.id, workspace_id=self.caller.workspace_id)
