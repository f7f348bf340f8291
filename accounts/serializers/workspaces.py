"""What the API says of workspaces, their members and invitations."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import INVITED_ROLES, MemberRole, Plan
from accounts.validators import validate_name
from huntaze.api.serializers import StrictSerializer

INVITED = [choice for choice in MemberRole.choices if choice[0] in INVITED_ROLES]
MAXIMUM_TOKEN_LENGTH = 256


class WorkspaceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    sells = serializers.CharField(help_text=_("What the business sells, or empty."))
    niche = serializers.CharField(help_text=_("What it is about, or empty."))
    role = serializers.ChoiceField(MemberRole.choices, help_text=_("Your role in it."))
    plan = serializers.ChoiceField(Plan.choices)
    created_at = serializers.DateTimeField()


WORKSPACE_FIELDS = tuple(WorkspaceSerializer().fields)


class WorkspaceCreateSerializer(StrictSerializer):
    name = serializers.CharField(max_length=100, validators=[validate_name])
    sells = serializers.CharField(max_length=200, allow_blank=True, required=False)
    niche = serializers.CharField(max_length=100, allow_blank=True, required=False)


class WorkspaceUpdateSerializer(WorkspaceCreateSerializer):
    name = serializers.CharField(max_length=100, validators=[validate_name], required=False)


class MemberSerializer(serializers.Serializer[Any]):
    """A person in a workspace; `id` is the person's."""

    id = serializers.UUIDField(source="user_id")
    name = serializers.CharField(source="user.name")
    email = serializers.EmailField(source="user.email")
    avatar = serializers.CharField(source="user.avatar")
    role = serializers.ChoiceField(MemberRole.choices)
    joined_at = serializers.DateTimeField(source="created_at")


class MemberUpdateSerializer(StrictSerializer):
    role = serializers.ChoiceField(
        MemberRole.choices,
        help_text=_("`owner` hands the workspace on: only its owner may, who then is a manager, and after a recent sign-in."),
    )


class InvitationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(INVITED)
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


class InviteSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(INVITED)


class AcceptSerializer(StrictSerializer):
    token = serializers.CharField(max_length=MAXIMUM_TOKEN_LENGTH)
