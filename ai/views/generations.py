"""Generations over HTTP."""

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ai import services, sse
from ai.models import Generation
from ai.serializers import FeedbackSerializer, GenerationQuerySerializer, GenerationSerializer
from huntaze.api.renderers import JSONRenderer
from huntaze.api.serializers import read, show
from huntaze.api.views import WorkspaceViewSet


class EventStreamRenderer(BaseRenderer):
    """Lets clients ask for `text/event-stream`; the events themselves are written by the view."""

    media_type = "text/event-stream"
    format = "event-stream"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return the body of an error."""
        return JSONRenderer().render(data)


@extend_schema_view(list=extend_schema(summary="List generations, the newest first"), retrieve=extend_schema(summary="Read a generation"))
class GenerationViewSet(ListModelMixin, RetrieveModelMixin, WorkspaceViewSet):
    """What was ordered, what came of it and what it cost."""

    resource = "generations"
    queryset = Generation.objects.all()
    serializer_class = GenerationSerializer
    query_serializer_class = GenerationQuerySerializer

    @extend_schema(request=None, responses={200: GenerationSerializer}, operation_id="ai_generations_cancel")
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """Stop a generation; one that is being written ends within a second."""
        generation = services.cancel_generation(generation=self.get_object())
        return Response(show(GenerationSerializer, generation))

    @extend_schema(
        request=FeedbackSerializer,
        responses={200: FeedbackSerializer, 201: FeedbackSerializer},
        operation_id="ai_generations_feedback",
        summary="Say what became of the outputs",
    )
    @action(detail=True, methods=["post"])
    def feedback(self, request: Request, pk: UUID) -> Response:
        """Store what you made of a generation that has ended; 200 where it replaces what you said before."""
        generation = self.get_object()
        order = read(FeedbackSerializer, request.data)
        feedback, is_first = services.rate_generation(generation=generation, person_id=self.caller.id, **order)
        return Response(show(FeedbackSerializer, feedback), status=201 if is_first else 200)

    @extend_schema(
        operation_id="ai_generations_stream",
        parameters=[OpenApiParameter("Last-Event-ID", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Go on after this event.")],
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
    )
    @action(detail=True, methods=["get"], renderer_classes=[EventStreamRenderer, JSONRenderer])
    def stream(self, request: Request, pk: UUID) -> StreamingHttpResponse:
        """Follow the text as it is written; leaving never cancels, and `Last-Event-ID` goes on where a reader left."""
        return sse.response(request._request, self.get_object().pk, is_still_allowed=self.is_still_allowed)
