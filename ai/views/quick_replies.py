"""Canned snippets over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ai import queries, services
from ai.models import QuickReply
from ai.serializers import QuickRepliesSerializer, QuickReplyListSerializer
from huntaze.api.serializers import read, show
from huntaze.api.views import ApiView


class QuickRepliesView(ApiView):
    resource = "ai_config"

    @extend_schema(responses={200: QuickReplyListSerializer}, operation_id="ai_quick_replies", summary="Read the quick replies")
    def get(self, request: Request) -> Response:
        """Return the workspace's snippets in their order, and the placeholders that texts may hold."""
        return _answer(queries.quick_replies_of(self.caller.workspace_id))

    @extend_schema(
        request=QuickRepliesSerializer,
        responses={200: QuickReplyListSerializer},
        operation_id="ai_quick_replies_set",
        summary="Set the quick replies",
    )
    def put(self, request: Request) -> Response:
        """Make these all snippets of the workspace, in this order. One that is named by its id keeps it; one without gets a new one."""
        replies = read(QuickRepliesSerializer, request.data)["quick_replies"]
        try:
            return _answer(services.set_quick_replies(workspace_id=self.caller.workspace_id, replies=replies))
        except services.WrongQuickReply as error:
            faults: Any = {error.number: {error.field: [str(error)]}}
            raise ValidationError({"quick_replies": faults}, code=error.code) from None


def _answer(replies: list[QuickReply]) -> Response:
    return Response(show(QuickReplyListSerializer, {"data": replies, "placeholders": services.PLACEHOLDERS}))
