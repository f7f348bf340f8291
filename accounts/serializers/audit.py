"""What the API says of the audit log."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from huntaze.api.serializers import QuerySerializer
from huntaze.audit import ENTRIES_IN_A_REQUEST, Damage
from huntaze.models import ActorKind


class AuditQuerySerializer(QuerySerializer):
    """Filters of the audit log."""

    action = serializers.CharField(max_length=64, required=False, help_text=_("Such as `asset.delete`."))
    actor_id = serializers.UUIDField(required=False)
    subject_id = serializers.UUIDField(required=False)
    to = serializers.DateTimeField(required=False, help_text=_("Entries before this time."))

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which Python keeps for itself."""
        return {**super().get_fields(), "from": serializers.DateTimeField(required=False, help_text=_("Entries at this time or later."))}


class ActorSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(ActorKind.choices)
    id = serializers.UUIDField(allow_null=True, help_text=_("The person."))
    name = serializers.CharField(allow_null=True)
    credential_id = serializers.UUIDField(allow_null=True, help_text=_("The session or API key that was shown."))
    impersonated_by = serializers.UUIDField(allow_null=True, help_text=_("The member of staff who acted as this person."))


class AuditEntrySerializer(serializers.Serializer[Any]):
    """One entry; `sequence` and `hash` are null until it is sealed, the payload is null when it was erased."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    action = serializers.CharField()
    subject_id = serializers.UUIDField(allow_null=True)
    actor = ActorSerializer()
    via = serializers.CharField(help_text=_("`api`, `admin`, `page`, or the name of a command or task."))
    request_id = serializers.CharField()
    address = serializers.CharField(allow_null=True)
    user_agent = serializers.CharField(allow_null=True)
    changes = serializers.DictField(allow_null=True, help_text=_("The old and the new value of each field."))
    sequence = serializers.IntegerField(allow_null=True)
    hash = serializers.CharField(allow_null=True)


class HeadSerializer(serializers.Serializer[Any]):
    sequence = serializers.IntegerField()
    hash = serializers.CharField()


class CheckpointSerializer(HeadSerializer):
    made_at = serializers.DateTimeField()
    kid = serializers.CharField()
    signature = serializers.CharField()


class FindingSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(Damage.choices)
    sequence = serializers.IntegerField()
    entry_id = serializers.UUIDField(allow_null=True)
    detail = serializers.CharField()


class VerificationQuerySerializer(QuerySerializer):
    """Which part of the chain to look at."""

    limit = serializers.IntegerField(
        min_value=1,
        max_value=ENTRIES_IN_A_REQUEST,
        default=ENTRIES_IN_A_REQUEST,
        help_text=_("Sealed entries to look at, from the oldest."),
    )
    cursor = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, default=0, help_text=_("`next_cursor` of the call before, to look at the entries that follow.")
    )


class VerificationSerializer(serializers.Serializer[Any]):
    """What the workspace's chain, or the part that was looked at, holds; `findings` are the first hundred."""

    valid = serializers.BooleanField(help_text=_("Nothing is wrong with what was looked at; with the whole log once `has_more` is false."))
    has_more = serializers.BooleanField(help_text=_("Entries are left to look at, and the checkpoint was not compared yet."))
    next_cursor = serializers.CharField(allow_null=True)
    entries = serializers.IntegerField()
    sealed = serializers.IntegerField()
    unsealed = serializers.IntegerField(help_text=_("Entries of the last seconds, which are not sealed yet."))
    erased = serializers.IntegerField(help_text=_("Sealed entries whose payload was erased."))
    head = HeadSerializer(allow_null=True)
    checkpoint = CheckpointSerializer(allow_null=True)
    findings = FindingSerializer(many=True)
