"""The catalogue of models over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ai import queries
from ai.serializers import ModelListSerializer
from huntaze.api.serializers import show
from huntaze.api.views import ApiView


class ModelsView(ApiView):
    """The models that may write."""

    resource = "generations"

    @extend_schema(responses={200: ModelListSerializer}, operation_id="ai_models", summary="The models that may write")
    def get(self, request: Request) -> Response:
        """Return every model that may write, with its abilities, the price in force and the day on which its vendor retires it."""
        return Response(show(ModelListSerializer, {"data": queries.catalogue()}))
