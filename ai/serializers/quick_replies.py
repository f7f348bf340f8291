"""Canned snippets as the API reads and shows them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ai.services.quick_replies import MOST_QUICK_REPLIES, PLACEHOLDERS
from huntaze.api.serializers import BoundedListField, StrictSerializer


class QuickReplySerializer(StrictSerializer):
    """A snippet; its text may hold placeholders such as `{name}`."""

    id = serializers.UUIDField(required=False, help_text=_("Of the reply that this changes; a new one has none."))
    title = serializers.CharField(max_length=60)
    text = serializers.CharField(max_length=1000)


class QuickRepliesSerializer(StrictSerializer):
    """All replies of the workspace, in their order: those that are not named are removed."""

    quick_replies = BoundedListField(child=QuickReplySerializer(), max_length=MOST_QUICK_REPLIES)


class QuickReplyListSerializer(serializers.Serializer[Any]):
    """All replies of the workspace, in their order, and the placeholders that texts may hold."""

    data = QuickReplySerializer(many=True)  # type: ignore[assignment]
    placeholders = serializers.ListField(child=serializers.ChoiceField(PLACEHOLDERS))
