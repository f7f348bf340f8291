"""Orders of suggested replies and personal messages over HTTP."""

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ai import services
from ai.models import Generation
from ai.serializers import GenerationSerializer, PersonalizeSerializer, SuggestSerializer
from huntaze.api.serializers import read, show
from huntaze.api.views import ApiView


class SuggestView(ApiView):
    """Drafts for a person to send."""

    resource = "generations"
    rate_class = "ai"

    @extend_schema(
        request=SuggestSerializer,
        responses={202: GenerationSerializer},
        operation_id="ai_quick_replies_suggest",
        summary="Suggest replies to a fan's message",
    )
    def post(self, request: Request) -> Response:
        """Queue a generation whose outputs are drafts, or the word that a person must answer, with the reasons. Nothing is sent."""
        order = read(SuggestSerializer, request.data)
        limit, caller = order.pop("max_cost_microusd", None), self.caller
        return _queued(
            services.suggest_replies(workspace_id=caller.workspace_id, created_by_id=caller.id, order=order, max_cost_microusd=limit)
        )


class PersonalizeView(ApiView):
    """Messages for a person to send."""

    resource = "generations"
    rate_class = "ai"

    @extend_schema(
        request=PersonalizeSerializer,
        responses={202: GenerationSerializer},
        operation_id="ai_messages_personalize",
        summary="Write a message to one fan",
    )
    def post(self, request: Request) -> Response:
        """Queue a generation whose output is a message that suits the fan. Nothing is sent."""
        order = read(PersonalizeSerializer, request.data)
        limit, caller = order.pop("max_cost_microusd", None), self.caller
        return _queued(
            services.personalize_message(workspace_id=caller.workspace_id, created_by_id=caller.id, order=order, max_cost_microusd=limit)
        )


def _queued(generation: Generation) -> Response:
    location = reverse("generation-detail", kwargs={"pk": generation.pk})
    return Response(show(GenerationSerializer, generation), status=202, headers={"Location": location})
