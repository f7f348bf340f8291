"""How a workspace wants its texts, over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ai import queries, services
from ai.serializers import ConfigSerializer
from huntaze.api.serializers import read, show
from huntaze.api.views import ApiView


class ConfigView(ApiView):
    resource = "ai_config"

    @extend_schema(responses={200: ConfigSerializer}, operation_id="ai_config", summary="Read how the workspace writes with AI")
    def get(self, request: Request) -> Response:
        """Return persona, style, bounds, privacy tier and quality floor; the defaults where nothing was set."""
        return Response(show(ConfigSerializer, queries.config_of(self.caller.workspace_id)))

    @extend_schema(
        request=ConfigSerializer,
        responses={200: ConfigSerializer},
        operation_id="ai_config_set",
        summary="Set how the workspace writes with AI",
    )
    def put(self, request: Request) -> Response:
        """Set the fields that are named; the others stay as they are. Orders that wait obey the new privacy tier."""
        config = services.set_config(workspace_id=self.caller.workspace_id, fields=read(ConfigSerializer, request.data))
        return Response(show(ConfigSerializer, config))
