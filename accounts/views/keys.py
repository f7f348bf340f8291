"""API keys of a workspace."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import ApiKey
from accounts.serializers.keys import (
    KEY_FIELDS,
    ApiKeyCreateSerializer,
    ApiKeySerializer,
    ApiKeyUpdateSerializer,
    NewApiKeySerializer,
    RotateSerializer,
)
from huntaze.api.serializers import read, show
from huntaze.api.views import WorkspaceViewSet


class ApiKeysViewSet(ListModelMixin, WorkspaceViewSet):
    """Ways in for programs, each with its scopes; a key itself is only ever in the answer that makes or rotates it."""

    resource = "api_keys"
    requires_recent_sign_in = frozenset({"POST", "PATCH"})
    stores_answers = False
    queryset = ApiKey.objects.not_revoked()
    serializer_class = ApiKeySerializer

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the workspace's keys that are not revoked."""
        return self.get_paginated_response(self.paginate_queryset(self.filter_queryset(self.get_queryset()).values(*KEY_FIELDS)))

    @extend_schema(request=ApiKeyCreateSerializer, responses={201: NewApiKeySerializer})
    def create(self, request: Request) -> Response:
        """Make a key in your name. It dies with your membership, and never may more than you."""
        caller = self.caller
        made = services.create_key(workspace_id=caller.workspace_id, user_id=caller.id, **read(ApiKeyCreateSerializer, request.data))
        return _with_secret(*made)

    @extend_schema(request=ApiKeyUpdateSerializer, responses={200: ApiKeySerializer})
    def partial_update(self, request: Request, pk: Any) -> Response:
        """Change a key that you made: its name, scopes, connections or expiry."""
        changes = read(ApiKeyUpdateSerializer, request.data)
        return Response(show(ApiKeySerializer, services.update_key(key=self.get_object(), by_id=self.caller.id, **changes)))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        """Revoke a key: it stops working at once."""
        services.revoke_key(key=self.get_object())
        return Response(status=204)

    @extend_schema(operation_id="api_keys_rotate", request=RotateSerializer, responses={201: NewApiKeySerializer})
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: Any) -> Response:
        """Replace the secret of a key that you made; the old one works for `overlap_seconds` more."""
        overlap = timedelta(seconds=read(RotateSerializer, request.data)["overlap_seconds"])
        return _with_secret(*services.rotate_key(key=self.get_object(), by_id=self.caller.id, overlap=overlap))


def _with_secret(key: ApiKey, secret: str) -> Response:
    return Response({**show(ApiKeySerializer, key), "secret": secret}, status=201, headers={"Cache-Control": "no-store"})
