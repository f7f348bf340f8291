"""The twin's two reads, by DRF's generic views, and the sign-out that its reads must notice."""

from typing import Any

from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.control.models import Asset, User
from bench.control.serializers import AssetSerializer, ProfileSerializer


class MeView(RetrieveAPIView):
    serializer_class = ProfileSerializer

    def get_object(self) -> User:
        user = self.request.user
        user.membership = user.memberships.select_related("workspace").get(workspace_id=user.default_workspace_id)
        return user


class NewestFirst(CursorPagination):
    ordering = "-created_at"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200


class AssetsView(ListAPIView):
    serializer_class = AssetSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> Any:
        return Asset.objects.filter(workspace_id=self.request.user.default_workspace_id)


class SignOutView(APIView):
    def post(self, request: Request) -> Response:
        request.auth.blacklist()
        return Response(status=204)
