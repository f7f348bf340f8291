"""The library over HTTP."""

from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import DestroyModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from ai.models import Generation
from ai.serializers import EstimateSerializer, GenerationSerializer
from content import services
from content.models import ContentAsset
from content.serializers import AssetCreateSerializer, AssetQuerySerializer, AssetSerializer, GenerateSerializer
from huntaze.api.serializers import read, show
from huntaze.api.views import ApiView, WorkspaceViewSet


@extend_schema_view(retrieve=extend_schema(summary="Read an asset"), destroy=extend_schema(summary="Delete an asset"))
class AssetViewSet(ListModelMixin, RetrieveModelMixin, DestroyModelMixin, WorkspaceViewSet):
    """Pieces of content: drafts, what waits, what was published."""

    resource = "assets"
    queryset = ContentAsset.objects.defer("search")
    serializer_class = AssetSerializer
    query_serializer_class = AssetQuerySerializer

    def narrow(self, queryset: Any, *, tag: str | None = None, q: str | None = None, **filters: Any) -> Any:
        """Return the assets that match every filter; `q` reads like a web search."""
        if tag is not None:
            filters["tags__contains"] = [tag]
        if q is not None:
            filters["search"] = SearchQuery(q, config="simple", search_type="websearch")
        return queryset.filter(**filters)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the library, the newest first."""
        # From plain values, which cost a third of instances and serializers.
        rows = self.filter_queryset(self.get_queryset()).values(*AssetSerializer.Meta.fields)
        return self.get_paginated_response(self.paginate_queryset(rows))

    @extend_schema(request=AssetCreateSerializer, responses={201: AssetSerializer})
    def create(self, request: Request) -> Response:
        """Add an asset: one of your own, or a generation's variant."""
        asset = self._create(**read(AssetCreateSerializer, request.data))
        location = reverse("asset-detail", kwargs={"pk": asset.pk})
        return Response(show(AssetSerializer, asset), status=201, headers={"Location": location})

    def _create(self, *, generation_id: Any = None, variant: Any = None, **fields: Any) -> ContentAsset:
        caller = self.caller
        if generation_id is None:
            return services.create_asset(workspace_id=caller.workspace_id, created_by_id=caller.id, **fields)
        generation = Generation.objects.in_workspace(caller.workspace_id).filter(pk=generation_id).first()
        if generation is None:
            raise ValidationError({"generation_id": [_("There is no such generation.")]}, code="not_found")
        try:
            return services.save_variant(generation=generation, variant=variant, created_by_id=caller.id, **fields)
        except KeyError:
            raise ValidationError({"variant": [_("The generation has no such variant.")]}, code="not_found") from None

    @extend_schema(request=AssetSerializer, responses={200: AssetSerializer})
    def partial_update(self, request: Request, pk: Any) -> Response:
        """Change some fields of an asset."""
        asset = self.get_object()
        serializer = AssetSerializer(asset, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(show(AssetSerializer, services.update_asset(asset=asset, **serializer.validated_data)))

    def perform_destroy(self, instance: ContentAsset) -> None:
        """Remove the asset for good."""
        services.delete_asset(asset=instance)


class GenerateView(ApiView):
    """Order a text."""

    resource = "generations"
    rate_class = "ai"

    @extend_schema(request=GenerateSerializer, responses={202: GenerationSerializer}, operation_id="content_generate")
    def post(self, request: Request) -> Response:
        """Queue a generation; follow it at `/ai/generations/{id}/stream`.

        When a post, story or caption succeeds, its first variant becomes a draft asset. The other variants become assets by
        `POST /content/assets`.
        """
        caller = self.caller
        order = read(GenerateSerializer, request.data)
        generation = services.order_generation(
            workspace_id=caller.workspace_id, created_by_id=caller.id, asset=self._asset(order.pop("asset_id", None)), order=order
        )
        location = reverse("generation-detail", kwargs={"pk": generation.pk})
        return Response(show(GenerationSerializer, generation), status=202, headers={"Location": location})

    def _asset(self, asset_id: Any) -> ContentAsset | None:
        if asset_id is None:
            return None
        asset: ContentAsset | None = ContentAsset.objects.in_workspace(self.caller.workspace_id).filter(pk=asset_id).first()
        if asset is None:
            raise ValidationError({"asset_id": [_("There is no such asset.")]}, code="not_found")
        return asset


class EstimateView(GenerateView):
    """What an order may cost."""

    @extend_schema(
        request=GenerateSerializer, responses={200: EstimateSerializer}, operation_id="ai_estimate", summary="Estimate what an order costs"
    )
    def post(self, request: Request) -> Response:
        """Return the model that would write and the range of what it may cost. Nothing is called, held or stored."""
        order = read(GenerateSerializer, request.data)
        asset = self._asset(order.pop("asset_id", None))
        estimate = services.estimate_generation(workspace_id=self.caller.workspace_id, asset=asset, order=order)
        return Response(show(EstimateSerializer, estimate))
