"""How far a person is with setting up."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from huntaze import personal
from huntaze.models import Record
from huntaze.personal import WITH_ROW


class Step(models.TextChoices):
    """The steps of onboarding, in order."""

    PROFILE = "profile", _("Profile")
    BUSINESS = "business", _("Business")
    PLATFORM = "platform", _("Platform")
    AI_CONFIG = "ai_config", _("AI configuration")
    PLAN = "plan", _("Plan")


class StepState(models.TextChoices):
    """Where a step stands; one that is still to do has no row."""

    TODO = "todo", _("To do")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Skipped")


TAKEN = (StepState.DONE, StepState.SKIPPED)


class OnboardingStep(Record):
    """A step that a person has done or skipped."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="onboarding_steps", db_index=False, verbose_name=_("user"))
    step = models.CharField(_("step"), max_length=16, choices=Step)
    state = models.CharField(_("state"), max_length=16, choices=StepState)

    class Meta:
        verbose_name = _("onboarding step")
        verbose_name_plural = _("onboarding steps")
        constraints = [
            models.UniqueConstraint(fields=["user", "step"], name="one_row_per_onboarding_step"),
            models.CheckConstraint(condition=Q(step__in=Step.values), name="onboarding_step_exists"),
            models.CheckConstraint(condition=Q(state__in=TAKEN), name="onboarding_step_taken"),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.state}"


personal.declare(OnboardingStep, person="user", fields={"step": WITH_ROW, "state": WITH_ROW})
