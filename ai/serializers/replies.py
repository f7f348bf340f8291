"""Orders of suggested replies and personal messages, as the API reads them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.serializers.people import TimeZoneField
from ai.models import LANGUAGES
from ai.replies.fans import TIERS
from ai.replies.prices import SIGNS
from ai.replies.templates import KINDS
from ai.template_engine import FAMILIES
from huntaze.api.serializers import BoundedListField, StrictSerializer

MOST_TURNS = 20
MOST_PRICES = 10
MOST_INTERACTIONS = 10


class MoneySerializer(StrictSerializer):
    """An amount in minor units."""

    amount = serializers.IntegerField(min_value=0, max_value=10**9)
    currency = serializers.ChoiceField(sorted(SIGNS))


class FanSerializer(StrictSerializer):
    """What is known of a fan. None of it is stored but in the order; a model is told words, not amounts or times."""

    name = serializers.CharField(max_length=60, required=False)
    tier = serializers.ChoiceField(TIERS, default="basic")
    total_spent = MoneySerializer(required=False)
    last_active_at = serializers.DateTimeField(required=False)
    preferred_content = serializers.CharField(max_length=100, required=False)
    last_interactions = BoundedListField(child=serializers.CharField(max_length=200), max_length=MOST_INTERACTIONS, required=False)
    response_rate = serializers.IntegerField(
        min_value=0, max_value=100, required=False, help_text=_("How many of a hundred messages the fan answers.")
    )
    language = serializers.ChoiceField(LANGUAGES, required=False)
    timezone = TimeZoneField(max_length=64, required=False, help_text=_("IANA time zone."))


class TurnSerializer(StrictSerializer):
    """One message of the conversation."""

    by = serializers.ChoiceField(["fan", "creator"])
    text = serializers.CharField(max_length=2000)


class PricedSerializer(StrictSerializer):
    """Something that has a price."""

    name = serializers.CharField(max_length=100)
    price = MoneySerializer()


class PersonalOrderSerializer(StrictSerializer):
    """What orders of replies and of messages have in common."""

    fan = FanSerializer(required=False)
    max_cost_microusd = serializers.IntegerField(
        min_value=0, max_value=10**12, required=False, help_text=_("The most that all calls may cost, repeats included.")
    )


class SuggestSerializer(PersonalOrderSerializer):
    """The order for replies to one message of a fan."""

    message = serializers.CharField(max_length=2000)
    history = BoundedListField(
        child=TurnSerializer(), max_length=MOST_TURNS, default=list, help_text=_("What was said before, the oldest first.")
    )
    prices = BoundedListField(
        child=PricedSerializer(), max_length=MOST_PRICES, default=list, help_text=_("The only prices that a reply may name.")
    )
    count = serializers.IntegerField(min_value=1, max_value=5, default=3)


class PersonalizeSerializer(PersonalOrderSerializer):
    """The order for a message to one fan."""

    kind = serializers.ChoiceField(KINDS)
    tone = serializers.ChoiceField(sorted(FAMILIES), default="friendly")
    max_length = serializers.IntegerField(min_value=50, max_value=500, default=200, help_text=_("Characters of the message."))
    seed = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, default=0, help_text=_("The same order with the same seed has the same template.")
    )
    about = serializers.CharField(
        max_length=300, default="", allow_blank=True, help_text=_("What the message is about; a custom one must say it.")
    )
    price = MoneySerializer(required=False, help_text=_("The only price that the message may name."))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values, if a custom message says what it is about."""
        if attrs["kind"] == "custom" and not attrs["about"]:
            raise serializers.ValidationError({"about": [self.fields["about"].error_messages["required"]]}, code="required")
        return attrs
