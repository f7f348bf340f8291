"""The AI providers of this installation over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ai import queries, services
from ai.serializers import AzureSetupSerializer, ProviderStatusListSerializer, SmokeOrderSerializer, SmokeSerializer
from huntaze.api.serializers import read, show
from huntaze.api.views import ApiView


class StatusView(ApiView):
    resource = "generations"

    @extend_schema(responses={200: ProviderStatusListSerializer}, operation_id="ai_status", summary="How the AI providers do")
    def get(self, request: Request) -> Response:
        """Return every provider that Huntaze speaks to: whether it is set up, what it can do, and whether calls to it are stopped."""
        return Response(show(ProviderStatusListSerializer, {"data": queries.provider_statuses()}))


class AzureView(ApiView):
    resource = "generations"

    @extend_schema(responses={200: AzureSetupSerializer}, operation_id="ai_azure", summary="How Azure OpenAI is set up")
    def get(self, request: Request) -> Response:
        """Return the host, the kind of API and the deployments that the catalogue names."""
        return Response(show(AzureSetupSerializer, queries.azure_setup()))


class AzureSmokeView(ApiView):
    resource = "installation"
    rate_class = "ai"
    stores_answers = False  # the vendor is not called within the transaction that a stored answer needs

    @extend_schema(
        request=SmokeOrderSerializer, responses={200: SmokeSerializer}, operation_id="ai_azure_smoke", summary="Try Azure OpenAI"
    )
    def post(self, request: Request) -> Response:
        """Make one tiny real call, and return how long it took, what it used, and why it failed if it did. For staff."""
        return Response(show(SmokeSerializer, services.smoke_azure(**read(SmokeOrderSerializer, request.data))))
