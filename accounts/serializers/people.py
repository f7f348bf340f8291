"""What the API says of people."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import MemberRole, Plan, Role


class ProfileWorkspaceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text=_("The workspace that this session acts in."))
    name = serializers.CharField()
    role = serializers.ChoiceField(MemberRole.choices)
    plan = serializers.ChoiceField(Plan.choices)


class ProfileSerializer(serializers.Serializer[Any]):
    """The schema of `Principal.profile()`."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    avatar = serializers.CharField(help_text=_("Address of a picture, or empty."))
    role = serializers.ChoiceField(Role.choices)
    subscription = serializers.ChoiceField(Plan.choices, help_text=_("Plan of the person's default workspace."))
    workspace = ProfileWorkspaceSerializer()
    created_at = serializers.DateTimeField()
