"""The twin's answers, with the fields of Huntaze's."""

from rest_framework import serializers

from bench.control.models import Asset, Membership, User


class MembershipSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="workspace.id")
    name = serializers.CharField(source="workspace.name")
    plan = serializers.CharField(source="workspace.plan")

    class Meta:
        model = Membership
        fields = ["id", "name", "role", "plan"]


class ProfileSerializer(serializers.ModelSerializer):
    subscription = serializers.CharField(source="membership.workspace.plan")
    workspace = MembershipSerializer(source="membership")

    class Meta:
        model = User
        fields = ["id", "email", "name", "avatar", "role", "subscription", "workspace", "created_at"]


class AssetSerializer(serializers.ModelSerializer):
    class Meta:
        model = Asset
        fields = [
            "id",
            "title",
            "content",
            "type",
            "status",
            "category",
            "tags",
            "metadata",
            "provenance",
            "generation_id",
            "variant",
            "created_by_id",
            "created_at",
            "updated_at",
        ]
