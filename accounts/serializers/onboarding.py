"""What the API says of onboarding, and takes for it."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Step, StepState
from accounts.services.onboarding import FINISHED
from huntaze.api.serializers import StrictSerializer


class StepStateSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(StepState.choices)


class StepsSerializer(serializers.Serializer[Any]):
    profile = StepStateSerializer()
    business = StepStateSerializer()
    platform = StepStateSerializer()
    ai_config = StepStateSerializer()
    plan = StepStateSerializer()


class OnboardingSerializer(serializers.Serializer[Any]):
    """How far a person is with setting up."""

    current_step = serializers.ChoiceField([*Step.choices, (FINISHED, _("Done"))], help_text=_("The first step that is to do, or `done`."))
    steps = StepsSerializer()
    checklist = serializers.DictField(
        child=serializers.BooleanField(), help_text=_("What was done in this workspace for the first time, read from its rows.")
    )


class TakeStepSerializer(StrictSerializer):
    """One step, completed or skipped; `sells` and `niche` belong to the step `business`."""

    default_error_messages = {
        "not_this_step": _("This belongs to the step `business` when it is done."),
        "needed": _("The step `business` is done by saying this."),
    }

    step = serializers.ChoiceField(Step.choices)
    state = serializers.ChoiceField(StepState.choices, help_text=_("`todo` takes a step up again."))
    sells = serializers.CharField(max_length=200, required=False, help_text=_("What the workspace sells."))
    niche = serializers.CharField(max_length=100, required=False, help_text=_("The niche that it serves."))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the fields with `business` apart; raises ValidationError where they do not fit the step."""
        business = {name: attrs.pop(name) for name in ("sells", "niche") if name in attrs}
        describes = (attrs["step"], attrs["state"]) == (Step.BUSINESS, StepState.DONE)
        wrong, code = ({"sells", "niche"} - set(business), "needed") if describes else (set(business), "not_this_step")
        if wrong:
            raise serializers.ValidationError({name: [self.error_messages[code]] for name in sorted(wrong)}, code=code)
        return attrs | {"business": business}
