"""The ledger, usage, budgets and estimates as the API reads and shows them."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ai.models import BudgetLevel, BudgetPeriod, EntryKind, GenerationKind, ProviderName, UsageSource
from ai.queries.usage import GROUPS
from huntaze.api.serializers import BoundedListField, QuerySerializer, StrictSerializer

LONGEST_USAGE = timedelta(days=366)
MOST_BUDGETS = 200


class LedgerQuerySerializer(QuerySerializer):
    """Filters of the ledger."""

    kind = serializers.ChoiceField(EntryKind.choices, required=False)
    task = serializers.ChoiceField(GenerationKind.choices, required=False)
    provider = serializers.ChoiceField(ProviderName.choices, required=False)
    usage_source = serializers.ChoiceField(UsageSource.choices, required=False)
    generation_id = serializers.UUIDField(required=False)
    member_id = serializers.UUIDField(required=False)
    key_id = serializers.UUIDField(required=False)


class LedgerEntrySerializer(serializers.Serializer[Any]):
    """One movement of what is held for a generation; `sequence` and `hash` are null until it is sealed."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    generation_id = serializers.UUIDField()
    member_id = serializers.UUIDField(allow_null=True)
    key_id = serializers.UUIDField(allow_null=True)
    task = serializers.ChoiceField(GenerationKind.choices)
    kind = serializers.ChoiceField(EntryKind.choices)
    amount_nanousd = serializers.IntegerField(help_text=_("Nano-dollars, signed; those of a generation that has ended sum to zero."))
    attempt = serializers.IntegerField(help_text=_("The try of a worker in which the call was made."))
    provider = serializers.CharField()
    model = serializers.CharField()
    price_id = serializers.UUIDField(allow_null=True)
    input_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    usage_source = serializers.CharField(help_text=_("`reported`, `estimated` or `unknown`; empty but for settlements."))
    sequence = serializers.IntegerField(allow_null=True)
    hash = serializers.CharField(allow_null=True)


class UsageQuerySerializer(QuerySerializer):
    """Which days, by UTC, and by what they are grouped."""

    to = serializers.DateField(help_text=_("The last day."))
    group_by = serializers.ChoiceField(GROUPS, default="day")

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which Python keeps for itself."""
        return {**super().get_fields(), "from": serializers.DateField(help_text=_("The first day."))}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values, if the days are in order and no more than a year."""
        if not timedelta() <= attrs["to"] - attrs["from"] < LONGEST_USAGE:
            raise serializers.ValidationError({"to": [_("The days must be in order, and no more than a year.")]}, code="invalid")
        return attrs


class SavingsSerializer(serializers.Serializer[Any]):
    """What generations cost beside what the reference model alone would have, in nano-dollars (docs/ai-savings.md); losses included."""

    requests = serializers.IntegerField(help_text=_("Generations that have a baseline."))
    cost_nanousd = serializers.IntegerField(help_text=_("What all their calls cost."))
    baseline_nanousd = serializers.IntegerField()
    saved_nanousd = serializers.IntegerField(help_text=_("Baseline less cost: the sum of the exact cache's part and routing's."))
    saved_share = serializers.FloatField(allow_null=True, help_text=_("Of the baseline."))
    exact_cache_nanousd = serializers.IntegerField(help_text=_("Saved by answers of the exact cache."))
    routing_nanousd = serializers.IntegerField(help_text=_("Saved by asking cheaper models, less what escalations cost."))
    prompt_cache_nanousd = serializers.IntegerField(
        help_text=_("What the vendors' caches of prompts took off all calls; in cost and baseline alike, so no part of what is saved.")
    )


class QualitySerializer(serializers.Serializer[Any]):
    """What people made of the generations: the share taken as it was, with its 95 % interval."""

    rated = serializers.IntegerField()
    accepted = serializers.IntegerField()
    share = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class UsageSumSerializer(serializers.Serializer[Any]):
    calls = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost_microusd = serializers.IntegerField(help_text=_("Micro-dollars, rounded up."))
    savings = SavingsSerializer()
    quality = QualitySerializer(allow_null=True)


class UsageGroupSerializer(UsageSumSerializer):
    group = serializers.CharField(allow_null=True, help_text=_("The model as provider/name, the task, the member's id, or the day."))


class UsageSerializer(serializers.Serializer[Any]):
    """What was settled in the days, by the time of its call, and what generations saved that ended in them."""

    data = UsageGroupSerializer(many=True)  # type: ignore[assignment]
    total = UsageSumSerializer()


class BudgetSerializer(StrictSerializer):
    """A bound that an owner or a manager sets; a member or a key is named by its id."""

    level = serializers.ChoiceField([level for level in BudgetLevel.values if level != BudgetLevel.PLAN])
    subject_id = serializers.UUIDField(required=False, help_text=_("Of the member or the key; left out for the workspace."))
    period = serializers.ChoiceField(BudgetPeriod.choices)
    limit_microusd = serializers.IntegerField(min_value=0, max_value=10**12)


class BudgetsSerializer(StrictSerializer):
    """All budgets of the workspace: those that are not named are removed."""

    budgets = BoundedListField(child=BudgetSerializer(), max_length=MOST_BUDGETS)


class BudgetStateSerializer(serializers.Serializer[Any]):
    level = serializers.ChoiceField(BudgetLevel.choices)
    subject_id = serializers.UUIDField()
    period = serializers.ChoiceField(BudgetPeriod.choices)
    limit_microusd = serializers.IntegerField(allow_null=True, help_text=_("Null is unlimited."))
    used_microusd = serializers.IntegerField(help_text=_("What was spent and what is held, rounded up."))
    resets_at = serializers.DateTimeField()


class BudgetStatesSerializer(serializers.Serializer[Any]):
    data = BudgetStateSerializer(many=True)  # type: ignore[assignment]


class EstimateSerializer(serializers.Serializer[Any]):
    """What an order may cost; nothing is called, held or stored."""

    provider = serializers.CharField(help_text=_("`template` where no model would be asked."))
    model = serializers.CharField()
    low_microusd = serializers.IntegerField(help_text=_("Each variant written once, at half of its greatest length."))
    high_microusd = serializers.IntegerField(help_text=_("Each variant written twice at full length; what an order holds."))
